package media

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"callbackd"
)

// ffmpegMaker is a Maker over the system's ffmpeg, which `make test` installs.
func ffmpegMaker(t testing.TB, limits Limits) *Maker {
	t.Helper()
	f, err := FindFFmpeg(limits)
	if err != nil {
		t.Fatal(err)
	}
	return NewMaker(f, limits)
}

// plainMaker is a Maker on a machine without ffmpeg.
func plainMaker() *Maker { return NewMaker(nil, DefaultLimits()) }

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// makeIn runs a Maker on data in a work folder of its own.
func makeIn(t testing.TB, m *Maker, kind callbackd.Kind, data []byte) (*Result, string, error) {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "source")
	if err := os.WriteFile(source, data, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := m.Make(t.Context(), kind, source, dir)
	return r, dir, err
}

func mustMake(t testing.TB, m *Maker, kind callbackd.Kind, data []byte) (*Result, string) {
	t.Helper()
	r, dir, err := makeIn(t, m, kind, data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []*File{&r.Main, r.Poster, r.Thumb} {
		if f == nil {
			continue
		}
		if info, err := os.Stat(f.Path); err != nil || info.Size() != f.Size || f.Size == 0 {
			t.Errorf("%s: %+v, %v; want %d bytes", filepath.Base(f.Path), info, err, f.Size)
		}
		if filepath.Dir(f.Path) != dir {
			t.Errorf("%s is not in the work folder", f.Path)
		}
	}
	return r, dir
}

func reasonOf(err error) string {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return ""
}

func wantReason(t testing.TB, err error, want string) {
	t.Helper()
	if got := reasonOf(err); got != want {
		t.Errorf("refused with %q (%v), want %q", got, err, want)
	}
}

func content(t testing.TB, f File) []byte {
	t.Helper()
	data, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
