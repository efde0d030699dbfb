package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"callbackd"
)

// Maker makes what the wall plays from a file as it came. It keeps nothing
// between two files and may be used by many goroutines.
type Maker struct {
	transcoder Transcoder // nil: none on this machine
	limits     Limits
	large      sync.Mutex // held while a large picture is decoded: each may take some hundred MB
}

// NewMaker returns a Maker. Without a Transcoder (nil) it still makes pictures,
// and passes on AMR-NB voices whose frames are sound.
func NewMaker(t Transcoder, l Limits) *Maker { return &Maker{transcoder: t, limits: l} }

// CanTranscode reports whether voices and videos of all formats can be made.
func (m *Maker) CanTranscode() bool { return m.transcoder != nil }

// File is a file that was made, in the work folder.
type File struct {
	Path string
	Type string // MIME type
	Size int64  // bytes
}

// Result is what was made of one file.
type Result struct {
	Main     File
	Poster   *File // first picture of a video
	Thumb    *File // small picture of a picture; nil where it is small already
	Duration time.Duration
	Width    int // pixels, as shown
	Height   int
	Waveform []byte // 48 heights of 0–255 of a voice; nil where it was not decoded
}

// Names of the files that are made in the work folder.
const (
	nameVoice  = "voice.mp3"
	nameVideo  = "video.mp4"
	namePoster = "poster.jpg"
)

// Make makes what the wall plays of source, the file of a message of this kind.
// source lies in the folder dir, which is the work folder of this call alone;
// the results are in it too, and the caller removes it when done.
//
// A RefusedError is final. Every other error is worth another try.
func (m *Maker) Make(ctx context.Context, kind callbackd.Kind, source, dir string) (*Result, error) {
	if filepath.Dir(source) != filepath.Clean(dir) {
		return nil, fmt.Errorf("make media: the source is not in the work folder: %w", callbackd.ErrInvalid)
	}
	in, err := os.Open(source)
	if err != nil {
		return nil, fmt.Errorf("make media: %w", err)
	}
	defer in.Close()
	w := &work{Maker: m, dir: dir, name: filepath.Base(source), in: in}
	result, err := w.make(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", kind, err)
	}
	return result, nil
}

// work is one file in its folder.
type work struct {
	*Maker
	dir    string
	name   string // of the source in dir
	in     *os.File
	size   int64
	format Format
}

func (w *work) make(ctx context.Context, kind callbackd.Kind) (*Result, error) {
	info, err := w.in.Stat()
	if err != nil {
		return nil, err
	}
	w.size = info.Size()
	most := map[callbackd.Kind]int64{
		callbackd.KindVoice: w.limits.VoiceBytes, callbackd.KindVideo: w.limits.VideoBytes, callbackd.KindImage: w.limits.PictureBytes,
	}[kind]
	if w.size > most {
		return nil, refuse(ReasonTooLarge, "%d bytes", w.size)
	}
	head := make([]byte, min(w.size, SniffLen))
	if _, err := io.ReadFull(w.in, head); err != nil {
		return nil, err
	}
	if w.format, err = Sniff(head); err != nil {
		return nil, err
	}
	if w.format.Kind() != kind {
		return nil, refuse(ReasonFormat, "%s is not for this kind of message", w.format)
	}
	switch kind {
	case callbackd.KindVoice:
		return w.voice(ctx)
	case callbackd.KindVideo:
		return w.video(ctx)
	default:
		return w.picture(ctx)
	}
}

// made looks at a file that should have been made.
func (w *work) made(name, mime string, want Format) (File, error) {
	f, err := os.Open(filepath.Join(w.dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return File{}, refuse(ReasonCorrupt, "nothing came out")
	}
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	head := make([]byte, min(info.Size(), SniffLen))
	if _, err := io.ReadFull(f, head); err != nil {
		return File{}, err
	}
	if got, err := Sniff(head); err != nil || got != want {
		return File{}, refuse(ReasonCorrupt, "what came out is no %s", want)
	}
	if info.Size() > w.limits.OutputBytes {
		return File{}, refuse(ReasonTooLarge, "%d bytes came out", info.Size())
	}
	return File{Path: f.Name(), Type: mime, Size: info.Size()}, nil
}
