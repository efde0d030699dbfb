package match

import (
	"strings"
	"time"

	"callbackd"
)

// Push is a message that the platform pushed.
type Push struct {
	Message callbackd.MessageID // the caller's name for it; not looked at
	Sender  callbackd.SenderID
	Time    int64  // CreateTime, unix seconds
	MsgID   uint64 // the platform's
	Kind    callbackd.Kind
	Text    string // the words of a text; of other kinds it is not compared

	ReceivedAt time.Time // when it reached us, by our clock
}

// Entry is a message as the operator pages list it, without the account's own answers.
type Entry struct {
	ID     uint64 // grows with the time of sending, per account
	FakeID callbackd.FakeID
	Kind   callbackd.Kind // empty where the page's type says nothing to us
	Time   int64          // unix seconds by the page
	Text   string         // words, unescaped; empty for files
}

// Window is how far an entry's time may lie from its push's CreateTime.
type Window struct {
	Before time.Duration // entry earlier than the push
	After  time.Duration // entry later than the push
}

// DefaultWindow holds every skew that was seen (−2…+10 s) with room for clocks
// that are cut to whole seconds and for authors who speak of "more than 10 s". A
// wide window costs decisions, a narrow one could cost a wrong person.
var DefaultWindow = Window{Before: 5 * time.Second, After: 15 * time.Second}

// DefaultSlack is the distance in seconds up to which the ids of two people's
// entries may stand against the order of their times.
const DefaultSlack = 1

// holds reports whether an entry's time fits a push's.
func (w Window) holds(push, entry int64) bool {
	d := entry - push
	return d >= -int64(w.Before/time.Second) && d <= int64(w.After/time.Second)
}

// Compatible reports whether an entry can be the push as far as time, kind and
// words go. Where a page may show a kind in more than one way it errs on the
// side of yes: a candidate too many costs a decision, one too few a wrong person.
func Compatible(p Push, e Entry, w Window) bool {
	return w.holds(p.Time, e.Time) && sameThing(p.Kind, NormalText(p.Text), e.Kind, NormalText(e.Text))
}

// sameThing compares kind and words, the latter in their normal form.
func sameThing(push callbackd.Kind, pushText string, entry callbackd.Kind, entryText string) bool {
	switch push {
	case callbackd.KindText:
		if entry != callbackd.KindText && entry != callbackd.KindLocation {
			return false
		}
		return pushText == entryText || pushText == "" || entryText == ""
	case callbackd.KindLocation:
		return entry == callbackd.KindLocation || entry == "" ||
			entry == callbackd.KindText && looksLikePlace(entryText)
	default:
		return entry == push || entry == ""
	}
}

// looksLikePlace recognises what the pages show of a location (§4.6: type 1
// with words like 我的位置:<br/>http://url.cn/…), in any of its languages.
func looksLikePlace(normal string) bool {
	return normal == "" || strings.Contains(normal, "://") ||
		strings.Contains(normal, "位置") || strings.Contains(strings.ToLower(normal), "location")
}

// ExactID returns the entry id that a push names by the low word of its MsgId
// (§0.1, pushes of 2013–2018). False where the id says nothing: high word other
// than CreateTime (later schemes), or low word 0 (recognised voices).
func ExactID(p Push) (uint64, bool) {
	low := p.MsgID & 0xffffffff
	return low, low != 0 && p.Time > 0 && p.MsgID>>32 == uint64(p.Time)
}
