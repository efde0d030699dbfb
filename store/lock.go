package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"callbackd"
)

// LockDir takes the data folder for one server. It is freed by Close, or by
// the end of the process however it ends.
func LockDir(dir string) (io.Closer, error) {
	f, err := lockFile(filepath.Join(dir, "serve.lock"), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, callbackd.Public(callbackd.ErrConflict,
			fmt.Sprintf("data folder %s is in use by another callbackd: stop it, or give --data-dir another folder", dir), nil)
	}
	return f, err
}

func lockFile(path string, how int) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
