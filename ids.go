package callbackd

import (
	"crypto/rand"
	"encoding/base32"
	"log/slog"
	"regexp"
	"slices"
	"time"
)

// Keys of rows in this installation's database. They are never public.
type (
	AccountID  int64
	CallbackID int64
	MessageID  int64
	SenderID   int64
	PersonID   int64
	MediaID    int64
	JobID      int64
)

// Slug names an account in URLs. Unique in one installation.
type Slug string

var slugShape = regexp.MustCompile(`^[a-z0-9-]{2,40}$`)

// Valid reports whether s is 2–40 of a–z, 0–9 and '-'.
func (s Slug) Valid() bool { return slugShape.MatchString(string(s)) }

// deskPages are the first words of the desk's own pages, below which accounts
// have theirs.
var deskPages = []string{"login", "logout", "join", "moderate", "me", "operators", "audit", "health", "new"}

// Reserved reports whether s is the name of a page of the desk: an account of that
// name would have no desk.
func (s Slug) Reserved() bool { return slices.Contains(deskPages, string(s)) }

// OpenID is a follower's id within one account; the same person has another
// one on every account. It is never public and never logged.
type OpenID string

// LogValue keeps the id out of logs even when somebody passes it to one.
func (OpenID) LogValue() slog.Value { return slog.StringValue("[openid]") }

// FakeID names the same person on the operator pages. In dialect 2014 it is a
// decimal number that is equal on all accounts; in dialect 2016 it is the
// openID itself and holds within one account. Never public, never logged.
type FakeID string

// LogValue keeps the id out of logs even when somebody passes it to one.
func (FakeID) LogValue() slog.Value { return slog.StringValue("[fakeid]") }

// EventID is an event's key in the database. Unique in this installation.
type EventID int64

const (
	// NoEvent is the event that never ends, of accounts that have no others.
	NoEvent EventID = 0
	// OutsideEvents is the event of what came while none was live. No wall shows it.
	OutsideEvents EventID = -1
)

// PublicID is a random id that stands for a message, sender, media variant or
// avatar outside the server. Nothing about its row can be computed from it, but
// of a message the moment in which it came (NewMessageID).
type PublicID string

const publicIDAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var publicIDEncoding = base32.NewEncoding(publicIDAlphabet).WithPadding(base32.NoPadding)

// NewPublicID draws 100 random bits as 20 lowercase characters.
func NewPublicID() PublicID {
	var b [13]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails since Go 1.24
	return PublicID(publicIDEncoding.EncodeToString(b[:])[:20])
}

// NewMessageID draws the public id of a message that came at a time: eight
// characters of the time in steps of 4 ms, hardly more than a wall shows anyway,
// and 60 random bits. Ids of one moment stand on one page of an index, and a
// commit writes that page once.
func NewMessageID(at time.Time) PublicID {
	id := []byte(NewPublicID())
	for i, t := 7, at.UnixMilli()/4; i >= 0; i, t = i-1, t>>5 {
		id[i] = publicIDAlphabet[t&31]
	}
	return PublicID(id)
}

// Secret is a token, key or password. It prints as [secret] everywhere; Reveal
// is the only way to its text.
type Secret string

// Reveal returns the secret's text, for the one call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer without the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString implements fmt.GoStringer without the secret.
func (s Secret) GoString() string { return s.String() }

// MarshalJSON writes [secret] where there is one.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// LogValue implements slog.LogValuer without the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
