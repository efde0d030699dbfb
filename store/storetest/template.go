package storetest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"callbackd/internal/seal"
	"callbackd/store"
)

// empty is an SQLite file of this schema without rows. It is made once for all
// tests of a process: migrating costs fifty times what copying does.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "callbackd-schema-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	key, err := seal.NewKey(bytes.Repeat([]byte{1}, 32)) // there is nothing to seal
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "c.db")
	db, err := store.Open(context.Background(), store.Config{DSN: "sqlite:" + path, Key: key})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil { // moves everything into the file
		return nil, err
	}
	return os.ReadFile(path)
})

// SQLite returns the DSN of a file, which it makes where there is none: as a start
// on an empty folder would leave it, for tests that are not about such a start.
func SQLite(tb testing.TB, path string) string {
	tb.Helper()
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		var content []byte
		if content, err = empty(); err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + path
}
