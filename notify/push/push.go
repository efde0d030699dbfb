// Package push hands notices to the vendors that reach a sleeping device: Web
// Push (RFC 8030, 8291, 8292), APNs over HTTP/2 with token authentication, and
// FCM HTTP v1. Each vendor is a Sender of its own on the standard library; why
// no library does it is in docs/adr/0004-notices-by-small-senders.md.
//
// A sender knows nothing of who is told and what may be shown: it carries one
// payload to one target, once, and says in a Result what the vendor made of
// it. It never tries again by itself (but for one renewal of an ended token),
// stores nothing, and logs nothing. Endpoints, device tokens, keys and
// credentials are in no error, no Result and no formatted value.
package push

import (
	"context"
	"log/slog"
	"time"
)

// Sender is one vendor. Implementations may be used by many goroutines at once.
type Sender interface {
	// Send carries m to t once. It never writes to m.Payload, and blocks at
	// most for the sender's timeout.
	Send(ctx context.Context, t Target, m Message) Result
	// Fits reports whether the vendor takes m by its size, as Send measures
	// it. A payload that is no JSON object does not fit APNs.
	Fits(m Message) bool
	// Close lets go of idle connections.
	Close()
}

// Target is where a device is reached: Subscription for Web Push, Token for
// APNs and FCM.
type Target struct {
	Subscription Subscription
	Token        Token
}

// Token is a device token of APNs or FCM. It prints as a fixed word.
type Token struct{ value string }

// Value returns the token itself, for the store.
func (t Token) Value() string { return t.value }

// String implements fmt.Stringer and hides the token.
func (Token) String() string { return "[device token]" }

// GoString implements fmt.GoStringer and hides the token.
func (t Token) GoString() string { return t.String() }

// LogValue implements slog.LogValuer and hides the token.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Urgency is how much a message may cost a device's battery. The zero value is
// UrgencyNormal.
type Urgency int

const (
	UrgencyNormal Urgency = iota
	UrgencyLow
	UrgencyHigh
)

// Message is one notice on its way. Payload may be shared by any number of
// messages and goroutines.
type Message struct {
	NID string // id of (message, user), the same on every transport
	// Payload is the frame of the contract, a JSON object. Web Push and FCM
	// carry it as it is; for APNs its title and body become the alert.
	Payload []byte
	TTL     time.Duration // how long the vendor may keep it; 0: now or never
	Urgency Urgency
	Silent  bool // quiet hours: shown without a sound, low urgency
	// Collapse is what a later message with the same value replaces on APNs
	// and, while the phone is away, at FCM. Empty: the NID on APNs, and nothing
	// at FCM, which keeps four such keys of a device and drops the rest.
	Collapse string
}

// Outcome is what became of a message at a vendor.
type Outcome string

const (
	// Accepted: the vendor took it. It says nothing of the device.
	Accepted Outcome = "accepted"
	// Gone: the vendor says that this target is no more. The only outcome for
	// which a registration may be dropped; see Result.GoneAt.
	Gone Outcome = "gone"
	// Retry: not now. See Result.RetryAfter.
	Retry Outcome = "retry"
	// Refused: this message or target will not be taken; the target stays.
	Refused Outcome = "refused"
	// TooLarge: the payload is over the vendor's limit: say less.
	TooLarge Outcome = "too-large"
	// OurFault: key, credentials, topic or clock of this installation are
	// wrong. An operator must act; no target is to blame.
	OurFault Outcome = "our-fault"
)

// Scope says whom a wait concerns.
type Scope string

const (
	ScopeEndpoint Scope = "endpoint" // this target alone
	ScopeOrigin   Scope = "origin"   // everything at this vendor's origin
)

// Result is a vendor's answer. It holds no secret and may be logged and stored.
type Result struct {
	Outcome    Outcome
	RetryAfter time.Duration // with Retry: not before; 0: the caller's own back-off
	Scope      Scope         // with RetryAfter: whom the wait concerns
	Status     int           // HTTP status; 0 where there was no answer
	// Reason is one of the Reason constants or the vendor's own word, such as
	// Unregistered. Never free text of a stranger.
	Reason   string
	VendorID string // apns-id, FCM message name, or a digest of a Web Push message's address
	// GoneAt is when APNs found the token to be gone. A registration that is
	// newer survives. Zero: not told.
	GoneAt time.Time
}

// Reasons that are ours, where no vendor spoke.
const (
	ReasonTimeout    = "timeout"        // no answer in time
	ReasonConnection = "connection"     // reset, closed, unreachable, not HTTP
	ReasonTLS        = "tls"            // no trusted connection
	ReasonName       = "name"           // the name does not resolve
	ReasonGuard      = "guard"          // the guard of outbound calls refused the address
	ReasonCancelled  = "cancelled"      // the caller gave up
	ReasonCircuit    = "circuit-open"   // the origin failed again and again; not tried
	ReasonLimited    = "limited"        // inside a wait that the vendor asked for; not tried
	ReasonTarget     = "target"         // the target is none that this sender may use
	ReasonPayload    = "payload"        // the payload is none that this vendor can carry
	ReasonSize       = "size"           // measured before sending: too large
	ReasonRedirect   = "redirect"       // redirects are not followed
	ReasonUnreadable = "unreadable"     // an answer that is not the vendor's
	ReasonSigning    = "signing"        // our key does not sign
	ReasonAuthorize  = "credentials"    // the token endpoint refuses our credentials
	ReasonStatus     = "unknown-status" // a status without a known meaning
)

const (
	defaultTimeout = 10 * time.Second
	// answerCap is how much of an answer is read. All three vendors say what
	// they have to in a few hundred bytes.
	answerCap = 16 << 10
)
