package blob_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/blob/blobtest"
)

func openFolder(t *testing.T, dir string) *blob.Folder {
	t.Helper()
	b, err := blob.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestFolder_PassesTheSuite(t *testing.T) {
	blobtest.Exercise(t, func() blob.Bucket { return openFolder(t, filepath.Join(t.TempDir(), "new", "blobs")) })
}

func TestFaulty_PassesTheSuiteWhenNothingFails(t *testing.T) {
	blobtest.Exercise(t, func() blob.Bucket {
		return &blobtest.Faulty{Bucket: openFolder(t, t.TempDir()), Next: blobtest.Once(blobtest.Works)}
	})
}

func TestOpen_TakesAFolderOnly(t *testing.T) {
	dir := t.TempDir()
	for _, dsn := range []string{"file:" + dir, "file://" + dir} {
		b, err := blob.Open(dsn)
		if err != nil {
			t.Fatalf("%s: %v", dsn, err)
		}
		if _, err := b.Put(t.Context(), "k", strings.NewReader("x")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "k")); err != nil {
			t.Errorf("%s wrote elsewhere: %v", dsn, err)
		}
		if err := b.(io.Closer).Close(); err != nil {
			t.Error(err)
		}
	}
	for _, dsn := range []string{"", "blobs", "file:", "file://host/dir", "s3://bucket?region=x", "C:\\blobs"} {
		if _, err := blob.Open(dsn); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: %v, want invalid", dsn, err)
		}
	}
}

func TestOpenFolder_SweepsStaleTemporaryFilesOnly(t *testing.T) {
	dir := t.TempDir()
	openFolder(t, dir)
	stale, fresh := filepath.Join(dir, ".tmp", "stale"), filepath.Join(dir, ".tmp", "fresh")
	for _, f := range []string{stale, fresh} {
		if err := os.WriteFile(f, []byte("part"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	b := openFolder(t, dir)
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the stale file is still there (%v)", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("a file that may be in work was swept: %v", err)
	}
	err := b.List(t.Context(), "", func(key string, _ blob.Info) error {
		t.Errorf("a temporary file is listed: %s", key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFolder_FailedPutLeavesNoTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Put(ctx, "k", strings.NewReader("x")); err == nil {
		t.Fatal("put with an ended context succeeded")
	}
	if _, err := b.Put(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), "a/below", strings.NewReader("x")); err == nil {
		t.Fatal("a blob below another blob was stored")
	}
	left, err := os.ReadDir(filepath.Join(dir, ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A link inside the folder must not lead a key out of it.
func TestFolder_LinksDoNotLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := openFolder(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if r, _, err := b.Open(t.Context(), "link/secret"); err == nil {
		r.Close()
		t.Error("read through a link to the outside")
	}
	if _, err := b.Put(t.Context(), "link/new", strings.NewReader("x")); err == nil {
		t.Error("wrote through a link to the outside")
	}
	if _, err := os.Stat(filepath.Join(outside, "new")); err == nil {
		t.Error("the file is outside")
	}
}

func TestFolder_KeepsFilesToItsOwner(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, dir)
	if _, err := b.Put(t.Context(), "media/ab/c", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"media": 0o700, "media/ab": 0o700, "media/ab/c": 0o600, ".tmp": 0o700} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}
