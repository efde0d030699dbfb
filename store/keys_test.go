package store_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/store"
)

func TestGetOrCreateKey_IsSealedWithThisInstallationsFile(t *testing.T) {
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "c.db")
	db := open(t, dsn, nil)
	if _, err := db.GetOrCreateKey(t.Context(), "vapid", func() ([]byte, error) { return []byte("k"), nil }); err != nil {
		t.Fatal(err)
	}
	key, err := seal.NewKey(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(t.Context(), store.Config{DSN: dsn, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.GetOrCreateKey(t.Context(), "vapid", func() ([]byte, error) { return nil, errors.New("made anew") })
	if !errors.Is(err, callbackd.ErrForbidden) || !strings.Contains(err.Error(), "--secret-key-file") {
		t.Errorf("with another key file: %v", err)
	}
}
