package callbackd

import "errors"

// Kinds of errors. Packages wrap them; callers match with errors.Is.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("conflict")
	ErrInvalid     = errors.New("invalid")
	ErrForbidden   = errors.New("forbidden")
	ErrGone        = errors.New("gone")
	ErrUnavailable = errors.New("unavailable")
)

// PublicError carries, beside an error for us, a text that was chosen for the
// person at the other end. Err never reaches a browser.
type PublicError struct {
	Kind error  // one of the sentinels above
	Key  string // key of the text in the catalogue of package web, or a plain sentence for the shell
	Err  error  // the cause, for logs; may be nil
}

// Public returns an error of a kind with a message key for people and a cause for us.
func Public(kind error, key string, err error) error {
	return &PublicError{Kind: kind, Key: key, Err: err}
}

func (e *PublicError) Error() string {
	if e.Err == nil {
		return e.Key
	}
	return e.Key + ": " + e.Err.Error()
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *PublicError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
