package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// scripted is an FFmpeg whose programs are a shell script.
func scripted(t testing.TB, limits Limits, script string) *FFmpeg {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &FFmpeg{ffmpeg: path, ffprobe: path, limits: limits}
}

func (f *FFmpeg) runScript(ctx context.Context, t testing.TB, dir string, stdout io.Writer) error {
	t.Helper()
	return f.run(ctx, f.limits.VoiceTime, dir, stdout, f.ffmpeg)
}

// waitFor polls a condition that a child brings about.
func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// pidIn reads a process id that a script writes to a file.
func pidIn(t testing.TB, path string) int {
	t.Helper()
	var pid int
	waitFor(t, "the child says its id", func() bool {
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return pid
}

// gone reports whether a process has ended; one that nobody has waited for yet
// has.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	after := string(stat[bytes.LastIndexByte(stat, ')')+1:])
	return strings.HasPrefix(after, " Z")
}

func TestChild_HasNoEnvironmentNoInputAndItsOwnFolder(t *testing.T) {
	t.Setenv("CALLBACKD_TEST_SECRET", "secret")
	dir := t.TempDir()
	var out bytes.Buffer
	f := scripted(t, DefaultLimits(), `tr '\0' '\n' </proc/$$/environ; echo "in: $(wc -c)"; pwd`)
	if err := f.runScript(t.Context(), t, dir, &out); err != nil {
		t.Fatal(err)
	}
	if want := "in: 0\n" + dir + "\n"; out.String() != want {
		t.Errorf("the child sees %q, want %q", out.String(), want)
	}
}

func TestChild_IsHeldToTheLimitsOfTheKernel(t *testing.T) {
	l := DefaultLimits()
	l.VoiceTime, l.Memory, l.OutputBytes = 30*time.Second, 256<<20, 5<<20
	f := scripted(t, l, `while ! grep -q 'Max cpu time *31' /proc/$$/limits || ! grep -q 'Max open files *64' /proc/$$/limits ||
		! grep -q 'Max core file size *0 *0 ' /proc/$$/limits || ! grep -q 'Max file size *5242880 ' /proc/$$/limits ||
		! grep -q 'Max address space *268435456 *268435456' /proc/$$/limits; do :; done; echo held`)
	var out bytes.Buffer
	if err := f.runScript(t.Context(), t, t.TempDir(), &out); err != nil || out.String() != "held\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestChild_IsKilledWithItsChildrenWhenTimeIsUp(t *testing.T) {
	l := DefaultLimits()
	l.VoiceTime = 200 * time.Millisecond
	dir := t.TempDir()
	err := scripted(t, l, `sleep 600 & echo $! >pid; wait`).runScript(t.Context(), t, dir, io.Discard)
	wantReason(t, err, ReasonTooComplex)
	pid := pidIn(t, filepath.Join(dir, "pid"))
	waitFor(t, "the child's child is gone", func() bool { return gone(pid) })
}

func TestChild_IsKilledWithItsChildrenWhenTheJobEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	ended := make(chan error, 1)
	f := scripted(t, DefaultLimits(), `sleep 600 & echo $! >pid; wait`)
	go func() { ended <- f.runScript(ctx, t, dir, io.Discard) }()
	pid := pidIn(t, filepath.Join(dir, "pid"))
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || reasonOf(err) != "" {
		t.Errorf("got %v, want that the job ended", err)
	}
	waitFor(t, "the child's child is gone", func() bool { return gone(pid) })
}

// The test runs itself again as a parent that is killed without a word.
func TestChild_DiesWithItsParent(t *testing.T) {
	const variable = "MEDIA_TEST_PARENT"
	if dir := os.Getenv(variable); dir != "" {
		err := scripted(t, DefaultLimits(), `echo $$ >pid; exec sleep 600`).runScript(context.Background(), t, dir, io.Discard)
		t.Fatalf("the child ended: %v", err)
	}
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	parent.Env = []string{variable + "=" + dir, "TMPDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, filepath.Join(dir, "pid"))
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	waitFor(t, "the orphan is gone", func() bool { return gone(pid) })
}

func TestChild_FilesFaultsAndOursAreToldApart(t *testing.T) {
	l := DefaultLimits()
	l.OutputBytes = 1 << 20
	held := `while ! grep -q 'Max open files *64' /proc/$$/limits || ! grep -q 'Max file size *1048576 ' /proc/$$/limits; do :; done; `
	for name, tt := range map[string]struct {
		script string
		reason string // empty: worth another try
		kind   error
	}{
		"a plain failure":     {`echo 'Invalid data found when processing input' >&2; exit 1`, ReasonCorrupt, callbackd.ErrInvalid},
		"a crash":             {`kill -SEGV $$`, ReasonCorrupt, callbackd.ErrInvalid},
		"an abort":            {`kill -ABRT $$`, ReasonCorrupt, callbackd.ErrInvalid},
		"a large file":        {held + `exec head -c 3000000 /dev/zero >big`, ReasonTooLarge, callbackd.ErrInvalid},
		"a large file, told":  {`echo 'av_interleaved_write_frame(): File too large' >&2; exit 1`, ReasonTooLarge, callbackd.ErrInvalid},
		"much processor time": {`kill -XCPU $$`, ReasonTooComplex, callbackd.ErrInvalid},
		"much memory":         {`echo 'Error: Cannot allocate memory' >&2; exit 1`, ReasonTooComplex, callbackd.ErrInvalid},
		"a foreign codec":     {`echo "Codec (vorbis) not on whitelist 'speex'" >&2; exit 1`, ReasonFormat, callbackd.ErrInvalid},
		"a full disk":         {`echo 'av_write_trailer(): No space left on device' >&2; exit 1`, "", callbackd.ErrUnavailable},
		"a poor ffmpeg":       {`echo "Unknown encoder 'libx264'" >&2; exit 1`, "", callbackd.ErrUnavailable},
		"killed by somebody":  {`kill -KILL $$`, "", callbackd.ErrUnavailable},
		"ended by somebody":   {`kill -TERM $$`, "", callbackd.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			err := scripted(t, l, tt.script).runScript(t.Context(), t, t.TempDir(), io.Discard)
			wantReason(t, err, tt.reason)
			if !errors.Is(err, tt.kind) {
				t.Errorf("got %v, want kind %v", err, tt.kind)
			}
		})
	}
	missing := &FFmpeg{ffmpeg: filepath.Join(t.TempDir(), "none"), limits: l}
	if err := missing.runScript(t.Context(), t, t.TempDir(), io.Discard); !errors.Is(err, os.ErrNotExist) || reasonOf(err) != "" {
		t.Errorf("no such program: %v", err)
	}
}

func TestChild_SoundWithoutEndIsCutOff(t *testing.T) {
	l := DefaultLimits()
	l.VoiceDuration = time.Second
	f := scripted(t, l, `exec cat /dev/zero`)
	_, _, err := makeIn(t, NewMaker(f, l), callbackd.KindVoice, fixture(t, "voice.mp3"))
	wantReason(t, err, ReasonTooLong)
	_, err = f.Probe(t.Context(), t.TempDir(), "source")
	wantReason(t, err, ReasonTooComplex)
}

func TestChild_WordsAreKeptShortAndPlain(t *testing.T) {
	f := scripted(t, DefaultLimits(), `i=0; while [ $i -lt 3000 ]; do echo "line $i of many" >&2; i=$((i+1)); done
		printf 'title: \033[31m\344\275\240 %s\n' "$(head -c 2000 /dev/zero | tr '\0' x)" >&2; exit 1`)
	err := f.runScript(t.Context(), t, t.TempDir(), io.Discard)
	var refused *RefusedError
	if !errors.As(err, &refused) || len(refused.Detail) > 200 || strings.ContainsFunc(refused.Detail, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("got %v", err)
	}
}

func TestFFmpeg_IsToldExactlyWhatToRead(t *testing.T) {
	dir := t.TempDir()
	f := scripted(t, DefaultLimits(), `echo "$*" >>asked`)
	for _, call := range []func() error{
		func() error {
			return f.Voice(t.Context(), dir, VoiceOrder{In: "source", Format: FormatSpeex, Out: "o", Rate: 8000}, io.Discard)
		},
		func() error {
			return f.Video(t.Context(), dir, VideoOrder{In: "source", Out: "o", Audio: &AudioStream{}})
		},
		func() error { return f.Video(t.Context(), dir, VideoOrder{In: "source", Out: "o", CopyVideo: true}) },
		func() error { return f.Poster(t.Context(), dir, "source", "o") },
		func() error { _, _ = f.Probe(t.Context(), dir, "source"); return nil }, // the script answers no JSON
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(asked)), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d calls: %s", len(lines), asked)
	}
	for i, line := range lines {
		demuxer := "mov"
		if i == 0 {
			demuxer = "ogg"
		}
		want := []string{"-protocol_whitelist file,pipe ", "-format_whitelist " + demuxer + " ", "-f " + demuxer + " ", "-codec_whitelist ", "-max_pixels ", "-i file:source"}
		if demuxer == "mov" {
			want = append(want, "-enable_drefs 0 ", "-use_absolute_path 0 ")
		}
		if i < 4 { // ffprobe writes nothing and reads no keyboard
			want = append(want, "-nostdin ", "-threads 1 ", "-map_metadata -1 ", "-map_chapters -1 ", "-sn ", "-dn ")
		}
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("call %d lacks %q: %s", i, w, line)
			}
		}
	}
}

func TestFindFFmpeg_SaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	found, err := FindFFmpeg(DefaultLimits())
	if !errors.Is(err, callbackd.ErrUnavailable) || !strings.Contains(err.Error(), "install") || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
	if NewMaker(found, DefaultLimits()).CanTranscode() {
		t.Error("a Maker without ffmpeg says that it transcodes")
	}
}
