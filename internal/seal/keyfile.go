package seal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"callbackd"
)

// KeySize is the number of random bytes in a key.
const KeySize = 32

// keyPrefix makes a key file recognisable; the key follows in base64.
const keyPrefix = "callbackd-key-1:"

// LoadOrCreateKey reads the key file at path, or makes it (mode 0600, durable
// before this returns) where there is none. Whoever loses this file loses
// every secret that was sealed with it.
//
// A file that others may read, or that holds no key, is refused and left as it
// is: a new key in its place would make all sealed values unreadable. Two
// processes that start at once end with the same key.
func LoadOrCreateKey(path string) (*Key, error) {
	key, err := loadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make key file %s: %w", path, err)
		}
		key, err = loadKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return key, nil
}

func loadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("is not a regular file: %w", callbackd.ErrInvalid)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("can be read by others (mode %04o): run chmod 600 on it, and change the secrets if somebody else was on this machine: %w",
			info.Mode().Perm(), callbackd.ErrForbidden)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, err
	}
	encoded, found := strings.CutPrefix(strings.TrimSpace(string(text)), keyPrefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !found || err != nil || len(raw) != KeySize {
		return nil, fmt.Errorf("holds no key: restore it from a backup: %w", callbackd.ErrInvalid)
	}
	return NewKey(raw)
}

// createKey writes a new key beside path and links it there, so that the file
// is whole from its first moment and never replaces another.
func createKey(path string) error {
	var raw [KeySize]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read never fails since Go 1.24
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(keyPrefix + base64.StdEncoding.EncodeToString(raw[:]) + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
