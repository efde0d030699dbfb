// Package blob keeps bytes under keys: media files as they came, what was made
// of them, and pictures of people.
//
// It knows nothing of messages, of what a file is, or of who may see it; the
// rows in package store say that. A bucket is a folder today (Folder); package
// blobtest is the suite that every implementation passes.
package blob

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"callbackd"
)

// Info is what a bucket knows of a blob without reading it.
type Info struct {
	Size    int64 // bytes
	ModTime time.Time
}

// Bucket is a place for blobs. All methods may be called at once.
//
// Errors of a missing blob are of kind callbackd.ErrNotFound, of a key that is
// none callbackd.ErrInvalid. After any other error a write may or may not have
// happened: doing it again gives the same end.
type Bucket interface {
	// Put stores what r gives under key, in place of what was there, and
	// returns its size in bytes. When it returns nil the blob is durable; a
	// reader sees the old bytes or the new ones, never a part. When r fails or
	// ctx ends, key is as it was before.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the blob for reading. What was opened stays readable to its
	// end after a later Put or Delete. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Stat returns what is known of the blob.
	Stat(ctx context.Context, key string) (Info, error)
	// Delete removes the blob for good. A blob that is not there is no error:
	// the wanted end is reached.
	Delete(ctx context.Context, key string) error
	// List calls fn for every blob whose key begins with prefix, in no
	// particular order, until fn returns an error, which it then returns.
	List(ctx context.Context, prefix string, fn func(key string, info Info) error) error
}

// Open returns the bucket of a setting (contract: --blobs). Known today is
// file:DIR, a folder, which is made where it is missing.
func Open(dsn string) (Bucket, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	if !found {
		return nil, fmt.Errorf("blobs %q: write file:DIR: %w", dsn, callbackd.ErrInvalid)
	}
	if scheme != "file" {
		return nil, fmt.Errorf("blobs: no storage of kind %q in this version, only file:DIR: %w", scheme, callbackd.ErrInvalid)
	}
	if path, isURL := strings.CutPrefix(rest, "//"); isURL { // file:///srv/blobs
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("blobs %q: a file URL has three slashes and an absolute path: %w", dsn, callbackd.ErrInvalid)
		}
		rest = path
	}
	if rest == "" {
		return nil, fmt.Errorf("blobs %q: the folder is missing: %w", dsn, callbackd.ErrInvalid)
	}
	return OpenFolder(rest)
}

// MaxKey is the greatest length of a key in bytes.
const MaxKey = 200

// A segment begins with a letter or digit, so that no key is hidden, relative,
// or one of our own temporary files.
var keyShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$`)

// CheckKey reports, with an error of kind ErrInvalid, a key that is none: one
// or more segments of A–Z, a–z, 0–9, '.', '_' and '-', the first character of
// each a letter or digit, joined by '/', at most MaxKey bytes together.
func CheckKey(key string) error {
	if len(key) > MaxKey || !keyShape.MatchString(key) {
		return fmt.Errorf("blob key %.80q: %w", key, callbackd.ErrInvalid)
	}
	return nil
}
