package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"callbackd"
)

// tempDir holds blobs while they are written. No key begins with a dot.
const tempDir = ".tmp"

// staleAfter is the age at which a temporary file belongs to a process that
// was killed: no write takes as long.
const staleAfter = time.Hour

// Folder is a bucket in a folder of this machine. Each blob is a file whose
// path below the folder is its key.
//
// Writes are durable: a temporary name, fsync, rename, fsync of the folder.
// Several processes may use one folder at once.
type Folder struct {
	root *os.Root // no path below it leads out of the folder, links included
}

// OpenFolder opens the folder dir as a bucket, makes it where it is missing,
// and drops what killed writers left in it.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make blob folder: %w", err)
	}
	if err := syncParent(dir); err != nil {
		return nil, fmt.Errorf("make blob folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	b := &Folder{root: root}
	if err := b.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare blob folder %s: %w", dir, err), root.Close())
	}
	return b, nil
}

// Close lets go of the folder. Blobs that are open stay readable.
func (b *Folder) Close() error { return b.root.Close() }

func (b *Folder) prepare() error {
	if err := b.makeDir(tempDir); err != nil {
		return err
	}
	entries, err := fs.ReadDir(b.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if time.Since(info.ModTime()) < staleAfter {
			continue // perhaps of another process that is writing it now
		}
		if err := b.root.Remove(path.Join(tempDir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Put implements Bucket.
func (b *Folder) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := CheckKey(key); err != nil {
		return 0, err
	}
	size, err := b.put(ctx, key, r)
	if err != nil {
		return 0, fmt.Errorf("put blob %s: %w", key, err)
	}
	return size, nil
}

func (b *Folder) put(ctx context.Context, key string, r io.Reader) (int64, error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // crypto/rand.Read never fails since Go 1.24
	temp := path.Join(tempDir, hex.EncodeToString(random[:]))
	size, err := b.writeTemp(ctx, temp, r)
	if err == nil {
		err = b.makeDir(path.Dir(key))
	}
	if err == nil {
		err = b.root.Rename(temp, key)
	}
	if err != nil {
		if rmErr := b.root.Remove(temp); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
		return 0, err
	}
	return size, b.syncDir(path.Dir(key))
}

func (b *Folder) writeTemp(ctx context.Context, temp string, r io.Reader) (int64, error) {
	f, err := b.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(f, &contextReader{ctx, r})
	if err == nil {
		err = ctx.Err() // a cancelled write must not happen although its last byte came
	}
	if err == nil {
		err = f.Sync()
	}
	return size, errors.Join(err, f.Close())
}

// makeDir makes dir and its parents, each durable before its child.
func (b *Folder) makeDir(dir string) error {
	if dir == "." {
		return nil
	}
	if _, err := b.root.Stat(dir); err == nil {
		return nil
	}
	if err := b.makeDir(path.Dir(dir)); err != nil {
		return err
	}
	if err := b.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return b.syncDir(path.Dir(dir))
}

func (b *Folder) syncDir(dir string) error {
	d, err := b.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncParent makes the folder's own name durable.
func syncParent(dir string) error {
	d, err := os.Open(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements Bucket.
func (b *Folder) Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return nil, Info{}, err
	}
	f, err := b.root.Open(key)
	if err != nil {
		return nil, Info{}, keyError("open", key, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist // a folder of longer keys
	}
	if err != nil {
		return nil, Info{}, errors.Join(keyError("open", key, err), f.Close())
	}
	return f, infoOf(info), nil
}

// Stat implements Bucket.
func (b *Folder) Stat(ctx context.Context, key string) (Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return Info{}, err
	}
	info, err := b.root.Stat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, keyError("stat", key, err)
	}
	return infoOf(info), nil
}

// Delete implements Bucket. Folders that become empty stay.
func (b *Folder) Delete(ctx context.Context, key string) error {
	_, err := b.Stat(ctx, key) // so that a folder of longer keys is never removed
	if err == nil {
		err = b.root.Remove(key)
		if err == nil {
			err = b.syncDir(path.Dir(key))
		}
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, callbackd.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("delete blob %s: %w", key, err)
}

// List implements Bucket.
func (b *Folder) List(ctx context.Context, prefix string, fn func(key string, info Info) error) error {
	return fs.WalkDir(b.root.FS(), ".", func(key string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed while we walk
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		if d.IsDir() {
			mayHold := key == "." || strings.HasPrefix(key+"/", prefix) || strings.HasPrefix(prefix, key+"/")
			if key == tempDir || !mayHold {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !strings.HasPrefix(key, prefix) || CheckKey(key) != nil {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		return fn(key, infoOf(info))
	})
}

func infoOf(i fs.FileInfo) Info { return Info{Size: i.Size(), ModTime: i.ModTime()} }

func keyError(what, key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%s blob %s: %w", what, key, callbackd.ErrNotFound)
	}
	return fmt.Errorf("%s blob %s: %w", what, key, err)
}

// contextReader ends with the context's error once the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
