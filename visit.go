package callbackd

import "time"

// VisitKind is what a request to an account's callback address wanted.
type VisitKind string

const (
	VisitCheck   VisitKind = "check"   // the platform's GET when the settings are saved
	VisitMessage VisitKind = "message" // a push with what a follower said
	VisitEvent   VisitKind = "event"   // a push with what a follower did
)

// AddressClass is how far away an address is; the address itself is not kept.
type AddressClass string

const (
	AddressMachine AddressClass = "machine" // this one
	AddressNetwork AddressClass = "network" // a private one
	AddressWorld   AddressClass = "world"
)

// Flaw is what is wrong with a request that was refused, as far as it tells.
type Flaw string

const (
	FlawNone  Flaw = ""
	FlawToken Flaw = "token"  // signed with another token
	FlawKey   Flaw = "key"    // encrypted with another key
	FlawAppID Flaw = "app-id" // encrypted for another app id
	FlawMode  Flaw = "mode"   // in plain text, where the account wants it encrypted
	FlawClock Flaw = "clock"  // signed at a time that is far from ours
)

// Visit is a request to an account's callback address that is, or looks like,
// the platform's.
type Visit struct {
	At      time.Time    `json:"at"` // by our clock
	Kind    VisitKind    `json:"kind"`
	Outcome string       `json:"outcome"` // as in callbackd_callbacks_total; accepted for a check
	Flaw    Flaw         `json:"flaw,omitempty"`
	Mode    Mode         `json:"mode,omitempty"` // in which it came; empty for a check
	From    AddressClass `json:"from"`
	Own     bool         `json:"own,omitempty"` // our own request to the public address
}

// Refused reports a visit that was not believed.
func (v Visit) Refused() bool { return v.Outcome == "forged" || v.Outcome == "stale" }

// Good reports a visit of which all is well.
func (v Visit) Good() bool { return v.Outcome == "accepted" || v.Outcome == "repeated" }

// Connection is what is known of an account's link with the platform: made by
// the callback handler, looked at by the doctor and by who connects an account.
type Connection struct {
	Since time.Time `json:"since,omitzero"` // what came before does not count: token or key were replaced then

	Platform *Visit    `json:"platform,omitempty"` // the platform's last; nil: it never came
	Refused  *Visit    `json:"refused,omitempty"`  // the last that was refused
	OwnAt    time.Time `json:"own_at,omitzero"`    // our own last request

	CheckAt   time.Time `json:"check_at,omitzero"`   // the platform's check first came
	MessageAt time.Time `json:"message_at,omitzero"` // a message first came
	SafeAt    time.Time `json:"safe_at,omitzero"`    // a push first came in safe mode and opened
}

// How old a note of a visit may be before another one of its sort is written:
// a busy account must not write for each push.
const (
	visitNoted   = time.Minute
	visitChanged = 2 * time.Second
	refusedNoted = 10 * time.Second
)

// Note returns the connection with a visit in it, and whether that is worth
// writing down.
func (c Connection) Note(v Visit) (next Connection, worth bool) {
	var one Connection
	switch {
	case v.Own:
		one.OwnAt, worth = v.At, true
	case v.Refused():
		one.Refused = &v
		worth = c.Refused == nil || v.At.Sub(c.Refused.At) >= refusedNoted
	default:
		one.Platform = &v
		one.firsts(v)
		worth = c.shows(one) || c.Platform == nil || v.At.Sub(c.Platform.At) >= visitNoted ||
			(v.Good() != c.Platform.Good() || v.Mode != c.Platform.Mode) && v.At.Sub(c.Platform.At) >= visitChanged
	}
	if !worth {
		return c, false
	}
	return c.Merge(one), true
}

// shows reports whether another one has a first that this one lacks.
func (c *Connection) shows(d Connection) bool {
	return c.CheckAt.IsZero() && !d.CheckAt.IsZero() || c.MessageAt.IsZero() && !d.MessageAt.IsZero() || c.SafeAt.IsZero() && !d.SafeAt.IsZero()
}

// firsts notes what a visit of the platform shows to work.
func (c *Connection) firsts(v Visit) {
	if !v.Good() {
		return
	}
	switch v.Kind {
	case VisitCheck:
		c.CheckAt = v.At
	case VisitMessage:
		c.MessageAt = v.At
	}
	if v.Mode == ModeSafe {
		c.SafeAt = v.At
	}
}

// Merge joins what two observers know: the newest visits, the earliest firsts.
func (c Connection) Merge(d Connection) Connection {
	if d.Since.After(c.Since) {
		c, d = d, c
	}
	counts := func(at time.Time) bool { return !at.IsZero() && !at.Before(c.Since) }
	newer := func(have, other *Visit) *Visit {
		if other != nil && counts(other.At) && (have == nil || other.At.After(have.At)) {
			return other
		}
		return have
	}
	earlier := func(have, other time.Time) time.Time {
		if counts(other) && (have.IsZero() || other.Before(have)) {
			return other
		}
		return have
	}
	c.Platform, c.Refused = newer(c.Platform, d.Platform), newer(c.Refused, d.Refused)
	if counts(d.OwnAt) && d.OwnAt.After(c.OwnAt) {
		c.OwnAt = d.OwnAt
	}
	c.CheckAt, c.MessageAt, c.SafeAt = earlier(c.CheckAt, d.CheckAt), earlier(c.MessageAt, d.MessageAt), earlier(c.SafeAt, d.SafeAt)
	return c
}
