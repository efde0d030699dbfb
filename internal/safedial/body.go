package safedial

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"callbackd"
)

// ErrTooLarge is the error of a body over its cap. It is of kind ErrInvalid.
var ErrTooLarge = fmt.Errorf("body too large: %w", callbackd.ErrInvalid)

// Copy writes at most limit bytes of body to dst. A body that goes on after
// them is ErrTooLarge, never a cut one that looks whole.
func Copy(dst io.Writer, body io.Reader, limit int64) (int64, error) {
	n, err := io.CopyN(dst, body, limit)
	if errors.Is(err, io.EOF) { // CopyN's word for a body of less than limit bytes
		return n, nil
	}
	if err != nil {
		return n, err
	}
	var next [1]byte
	_, err = io.ReadFull(body, next[:])
	switch {
	case errors.Is(err, io.EOF):
		return n, nil
	case err != nil:
		return n, err
	}
	return n, ErrTooLarge
}

// ReadAll reads a body of at most limit bytes; a longer one is ErrTooLarge.
func ReadAll(body io.Reader, limit int64) ([]byte, error) {
	var b bytes.Buffer
	if _, err := Copy(&b, body, limit); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
