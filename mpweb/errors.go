package mpweb

import (
	"fmt"
	"time"

	"callbackd"
)

// kindError is a sentinel that is one of the root's kinds of errors too.
type kindError struct {
	text string
	kind error
}

func (e *kindError) Error() string { return e.text }
func (e *kindError) Unwrap() error { return e.kind }

var (
	// ErrUnreadable: a page came, in none of the known forms.
	ErrUnreadable error = &kindError{"page has no known form", callbackd.ErrUnavailable}
	// ErrNoCard: the platform shows no card of this person.
	ErrNoCard error = &kindError{"no card", callbackd.ErrNotFound}
	// ErrUnfollowed is ErrNoCard because the person does not follow any more.
	ErrUnfollowed error = &kindError{"not a follower any more", ErrNoCard}
	// ErrNoSuchMedia: the platform has no such file, or not of this kind.
	ErrNoSuchMedia error = &kindError{"no such media", callbackd.ErrNotFound}
	// ErrEnded: the session was over again right after it had been taken up.
	ErrEnded error = &kindError{"session ended again after a new login", callbackd.ErrUnavailable}
	// ErrOff: the account has no operator pages.
	ErrOff error = &kindError{"account has no operator login", callbackd.ErrInvalid}
	// ErrTooLarge: an answer over the limit; nothing of it is used.
	ErrTooLarge error = &kindError{"answer over the size limit", callbackd.ErrUnavailable}
)

// AnswerError is a ret of the platform that no rule of ours covers.
type AnswerError struct {
	Page string
	Ret  int64
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("page %s answered ret %d", e.Page, e.Ret)
}

// Unwrap makes it one of the root's kinds.
func (e *AnswerError) Unwrap() error { return callbackd.ErrUnavailable }

// FrequencyError: the platform wants no requests of this account for a while,
// and none goes out.
type FrequencyError struct {
	After time.Duration // until the next one may
}

func (e *FrequencyError) Error() string {
	return fmt.Sprintf("frequency control: no requests for %s", e.After.Round(time.Second))
}

// Unwrap makes it one of the root's kinds.
func (e *FrequencyError) Unwrap() error { return callbackd.ErrUnavailable }

// Reasons of a NeedsHumanError.
const (
	ReasonCaptcha    = "captcha"    // the platform shows a picture to read
	ReasonQR         = "qr"         // a phone must scan
	ReasonPassword   = "password"   // name or password are wrong
	ReasonRestricted = "restricted" // the platform has shut the operator out
)

// NeedsHumanError: only a person can log this account in
// (`callbackd account login`). It is remembered with the session; no password
// is sent again before the session or the account's credentials change.
type NeedsHumanError struct {
	Reason string
}

func (e *NeedsHumanError) Error() string { return "login needs a human: " + e.Reason }

// Unwrap makes it one of the root's kinds.
func (e *NeedsHumanError) Unwrap() error { return callbackd.ErrUnavailable }
