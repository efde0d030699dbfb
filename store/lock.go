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

// Lock is a data folder taken for one server.
type Lock struct {
	// Node is this start's random id, under which it leases jobs.
	Node string
	// Previous is the id under which the last server on this folder leased jobs and
	// stepped notices. It is dead, or the lock would not have been had: its leases
	// belong to nobody. Empty: none.
	Previous string
	file     *os.File
}

// Close frees the folder; so does the end of the process, however it ends.
func (l *Lock) Close() error { return l.file.Close() }

// LockDir takes the data folder for one server. A folder that is taken is
// callbackd.ErrConflict. Before this server leases a job it takes back the
// leases of Previous, adopts its notices and calls TakeOver.
func LockDir(dir string) (*Lock, error) {
	f, err := lockFile(filepath.Join(dir, "serve.lock"), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, callbackd.Public(callbackd.ErrConflict,
			fmt.Sprintf("data folder %s is in use by another callbackd: stop it, or give --data-dir another folder", dir), nil)
	}
	if err != nil {
		return nil, err
	}
	previous, err := io.ReadAll(io.LimitReader(f, 64))
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the lock of the data folder: %w", err)
	}
	return &Lock{Node: string(callbackd.NewPublicID()), Previous: string(previous), file: f}, nil
}

// TakeOver writes Node into the folder, durably: whoever starts next takes this
// server's leases for dead. Until then the folder names Previous, so that a
// server which is killed while it starts does not make its leases be forgotten.
func (l *Lock) TakeOver() error {
	err := l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt([]byte(l.Node), 0)
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the lock of the data folder: %w", err)
	}
	return nil
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
