package callbackd

import "strings"

// HeldReason says why the gate did not let a message through when it arrived: a code,
// and what the code tells of, joined by bars. Empty: it passed, or the moderation
// holds everything.
type HeldReason string

// The codes of reasons. The comments say what their details are.
const (
	HeldBlocked = "blocked" // the sender is blocked
	HeldNoList  = "no-list" // auto has no word list, so it holds everything
	HeldWord    = "word"    // list, word, part (text, name, title, place)
	HeldLink    = "link"    // an address, or a shared article
	HeldRate    = "rate"    // messages a minute that are allowed
	HeldFirst   = "first"   // nothing of this sender was approved yet
	HeldRemoved = "removed" // something of this sender was taken down
	HeldMedia   = "media"   // a file that nobody has seen
	HeldChecker = "checker" // the checker's words; empty: it gave none
	HeldWaits   = "waits"   // for the checker's answer
	HeldAway    = "away"    // what went wrong with the checker
)

// NewHeldReason makes a reason of a code and its details.
func NewHeldReason(code string, details ...string) HeldReason {
	var b strings.Builder
	b.WriteString(code)
	for _, d := range details {
		b.WriteByte('|')
		b.WriteString(strings.NewReplacer("|", "/", "\n", " ").Replace(d))
	}
	return HeldReason(b.String())
}

// Code is what the reason is, without its details.
func (r HeldReason) Code() string {
	code, _, _ := strings.Cut(string(r), "|")
	return code
}

// Details are what the code tells of.
func (r HeldReason) Details() []string {
	_, rest, ok := strings.Cut(string(r), "|")
	if !ok {
		return nil
	}
	return strings.Split(rest, "|")
}
