package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"

	"callbackd"
)

// verdict tells the file's fault from ours after a child has ended.
func verdict(ctx, inTime context.Context, err, sinkErr error, said string) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case sinkErr != nil:
		return sinkErr
	case inTime.Err() != nil:
		return refuse(ReasonTooComplex, "took too long")
	case err == nil:
		return nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("run ffmpeg: %w", err)
	}
	switch endedBy(exit) {
	case 0:
	case syscall.SIGXFSZ:
		return refuse(ReasonTooLarge, "the output grew too large")
	case syscall.SIGXCPU:
		return refuse(ReasonTooComplex, "took too much processor time")
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP: // the machine's or the operator's doing
		return fmt.Errorf("ffmpeg was killed: %w", callbackd.ErrUnavailable)
	default:
		return refuse(ReasonCorrupt, "ffmpeg crashed")
	}
	for _, sign := range signs {
		if strings.Contains(said, sign.text) {
			return sign.err
		}
	}
	return refuse(ReasonCorrupt, "ffmpeg: %s", lastLine(said))
}

// signs are words of ffmpeg that say more than its exit code.
var signs = []struct {
	text string
	err  error
}{
	{"No space left on device", fmt.Errorf("ffmpeg: the disk is full: %w", callbackd.ErrUnavailable)},
	{"Unknown encoder", fmt.Errorf("this ffmpeg lacks libx264, aac or libmp3lame: %w", callbackd.ErrUnavailable)},
	{"error while loading shared libraries", fmt.Errorf("this ffmpeg does not start: %w", callbackd.ErrUnavailable)},
	{"File too large", &RefusedError{Reason: ReasonTooLarge, Detail: "the output grew too large"}},
	{"Cannot allocate memory", &RefusedError{Reason: ReasonTooComplex, Detail: "took too much memory"}},
	{"not on whitelist", &RefusedError{Reason: ReasonFormat, Detail: "a codec that is not allowed"}},
}

// lastLine is the end of what ffmpeg said: printable ASCII, cut short, as the
// words may quote the file.
func lastLine(said string) string {
	said = strings.TrimSpace(said)
	said = said[strings.LastIndexByte(said, '\n')+1:]
	said = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, said)
	return said[:min(len(said), 160)]
}

// sink remembers why a reader of the child's output wanted no more.
type sink struct {
	to  io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// buffer keeps at most limit bytes; more is an error.
type buffer struct {
	data  []byte
	limit int
}

func (b *buffer) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > b.limit {
		return 0, refuse(ReasonTooComplex, "ffprobe says too much")
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

// tail keeps the last bytes that were written to it.
type tail struct{ data []byte }

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if extra := len(t.data) - tailSize; extra > 0 {
		t.data = append(t.data[:0], t.data[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.data) }
