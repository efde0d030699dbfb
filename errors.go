package callbackd

import (
	"errors"
	"fmt"
)

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
	Kind     error  // one of the sentinels above
	Key      string // key of the text in the catalogue of package web, or a plain sentence for the shell
	Args     []any  // what stands in the text, in its order; a Label in the reader's language
	Sentence string // the same in plain English, for the shell; empty: Key is all there is
	Err      error  // the cause, for logs; may be nil
}

// Label names a thing in a text: a key of the catalogue, and the same in plain English.
type Label struct{ Key, Plain string }

// String is the plain word, as sentences for the shell have it.
func (l Label) String() string { return l.Plain }

// Public returns an error of a kind with a message key for people and a cause for us.
func Public(kind error, key string, err error) error {
	return &PublicError{Kind: kind, Key: key, Err: err}
}

// Told returns an error of a kind whose text has values in it: the key of the text
// for people, the same as a plain sentence for the shell, and the values of both.
func Told(kind error, key, sentence string, args ...any) error {
	return &PublicError{Kind: kind, Key: key, Args: args, Sentence: fmt.Sprintf(sentence, args...)}
}

// Plain is the sentence for those who read no catalogue; the key where there is none.
func (e *PublicError) Plain() string {
	if e.Sentence != "" {
		return e.Sentence
	}
	return e.Key
}

func (e *PublicError) Error() string {
	if e.Err == nil {
		return e.Plain()
	}
	return e.Plain() + ": " + e.Err.Error()
}

// Unwrap lets errors.Is find both the kind and the cause.
func (e *PublicError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
