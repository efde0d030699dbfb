package media

import (
	"fmt"

	"callbackd"
)

// Reasons why a file is refused for good; keys of the catalogue for people.
const (
	ReasonFormat      = "format"       // not a format of the allow-list for this kind
	ReasonSilk        = "silk"         // a voice of personal chats, which nothing of ours reads
	ReasonCorrupt     = "corrupt"      // the right format, but broken
	ReasonTruncated   = "truncated"    // the right format, but its end is missing
	ReasonTooLarge    = "too-large"    // more bytes or pixels than the limits allow
	ReasonTooLong     = "too-long"     // plays longer than the limits allow
	ReasonTooComplex  = "too-complex"  // takes more time or memory than the limits allow
	ReasonNeedsFFmpeg = "needs-ffmpeg" // fine as far as we see, but ffmpeg is not installed
)

// RefusedError says that nothing can be made of a file, now or later. Every
// other error of a Maker is worth another try.
type RefusedError struct {
	Reason string // one of the constants
	Detail string // for logs; never bytes of the file
}

func (e *RefusedError) Error() string {
	if e.Detail == "" {
		return "media refused: " + e.Reason
	}
	return "media refused: " + e.Reason + ": " + e.Detail
}

// Unwrap makes a refusal an error of kind ErrInvalid.
func (e *RefusedError) Unwrap() error { return callbackd.ErrInvalid }

func refuse(reason, format string, args ...any) error {
	return &RefusedError{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
