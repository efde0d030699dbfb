package callbackd

import (
	"fmt"
	"time"
)

// Keys of rows, never public; what stands for them outside is a PublicID.
type (
	ViewerID int64 // a browser or app that watches an account's wall
	DeviceID int64 // an end of a follower that can show notices
)

// NoticeID names what one follower is told because of one message. It is random,
// the same on every transport and device, and means nothing elsewhere.
type NoticeID string

// NewNoticeID draws an id as PublicID does.
func NewNoticeID() NoticeID { return NoticeID(NewPublicID()) }

// Reason is why somebody is alerted. One per follower and message.
type Reason string

const (
	ReasonMention Reason = "mention" // the message mentions them
	ReasonReceive Reason = "receive" // they switched receiving on
	ReasonTest    Reason = "test"    // they asked for a test of a device
)

// Level is how much an alert may show. 0 is "details off" of CN104144110A, 1
// and 2 are "details on".
type Level int

const (
	LevelHint  Level = 0 // a fixed sentence and opaque ids
	LevelName  Level = 1 // the sender's public name too
	LevelWords Level = 2 // the words too
)

// Class is what kind of terminal a device is.
type Class string

const (
	ClassComputer Class = "computer"
	ClassPhone    Class = "phone"
)

// Provider is the notification server of a device, chosen when it registers.
// Empty: the device is reached by its live channel alone.
type Provider string

const (
	ProviderWebPush Provider = "webpush"
	ProviderAPNs    Provider = "apns"
	ProviderFCM     Provider = "fcm"
)

// Transport is the way that one send of a notice takes.
type Transport string

const (
	TransportChannel Transport = "channel" // the device's live connection
	TransportVendor  Transport = "vendor"  // the device's notification server
	TransportWeChat  Transport = "wechat"  // a message of the account in WeChat; needs no device
)

// How is what a device did with a notice, as its acknowledgement says.
type How string

const (
	HowInline How = "inline" // shown in place, the page was in front
	HowPrompt How = "prompt" // shown as a notification
	HowSilent How = "silent" // put away without a prompt
)

// Valid reports whether h is one of the three.
func (h How) Valid() bool { return h == HowInline || h == HowPrompt || h == HowSilent }

// Quiet are the hours in which alerts come without sound. From and To are HH:MM
// on the clock of Zone; a From after To goes over midnight.
type Quiet struct {
	From         string `json:"from"`
	To           string `json:"to"`
	Zone         string `json:"zone"` // IANA name
	MentionsPass bool   `json:"mentions_pass"`
}

// Preferences are a follower's; all viewers bound to the follower share them.
type Preferences struct {
	Receive    bool   `json:"receive"`         // alerts about messages without a mention
	Detail     Level  `json:"detail"`          // what an alert may show
	Quiet      *Quiet `json:"quiet,omitempty"` // nil: no quiet hours
	IdleAfterS int    `json:"idle_after_s"`    // seconds without input until a computer is inactive
	PhoneToo   bool   `json:"phone_too"`       // alert the phone although a computer is active
}

// Bounds of Preferences.IdleAfterS, in seconds.
const (
	IdleAfterDefault = 120
	IdleAfterLeast   = 30
	IdleAfterMost    = 15 * 60
)

// DefaultPreferences are those of a follower who chose nothing.
func DefaultPreferences() Preferences {
	return Preferences{Detail: LevelName, IdleAfterS: IdleAfterDefault}
}

// IdleAfter is the threshold inside its bounds; the default where none is set.
func (p Preferences) IdleAfter() time.Duration {
	s := p.IdleAfterS
	if s == 0 {
		s = IdleAfterDefault
	}
	return time.Duration(min(max(s, IdleAfterLeast), IdleAfterMost)) * time.Second
}

// Validate says what is wrong with preferences that somebody wants to store. It
// does not look at Quiet, which package notify knows.
func (p Preferences) Validate() error {
	if p.Detail < LevelHint || p.Detail > LevelWords {
		return fmt.Errorf("%w: detail is 0, 1 or 2", ErrInvalid)
	}
	if p.IdleAfterS < IdleAfterLeast || p.IdleAfterS > IdleAfterMost {
		return fmt.Errorf("%w: idle_after_s is %d to %d", ErrInvalid, IdleAfterLeast, IdleAfterMost)
	}
	return nil
}

// GroupOptions are an account's variants of CN104144110A. The zero value is the
// default.
type GroupOptions struct {
	IgnoreMentions   bool // mention_detection=off (claim 12): nobody counts as mentioned
	NoReceiveSwitch  bool // receive_switch=off (claim 10): every follower is alerted
	MentionExclusive bool // mention_exclusive=on: a message with mentions alerts the mentioned alone
}

// NoticeTemplate is a template of the account for notices outside the window of
// customer-service messages. The two keys name the template's own fields.
type NoticeTemplate struct {
	ID       string `json:"id"`
	TitleKey string `json:"title"`
	BodyKey  string `json:"body"`
}

// NoticeOptions are what an account's operator chose for notices.
type NoticeOptions struct {
	Group    GroupOptions
	Template *NoticeTemplate // nil: none
}

// DeviceState is what a device reports of itself, on change and with each
// heartbeat. What a browser cannot know is absent.
type DeviceState struct {
	Active     bool   `json:"active"`              // the page's own conclusion
	Screen     string `json:"screen,omitempty"`    // on, locked
	Client     string `json:"client,omitempty"`    // open, locked: our own lock screen
	InputAgeMS int64  `json:"input_age_ms"`        // since the last key, pointer, touch or wheel on the page
	User       string `json:"user,omitempty"`      // active, idle: of the whole machine, where the browser can tell
	HiddenMS   int64  `json:"hidden_ms,omitempty"` // how long the page has been hidden; 0: visible
	Kiosk      bool   `json:"kiosk,omitempty"`     // a projector: nobody is known to sit at it
}

// Device is an end of a follower that can show notices.
type Device struct {
	ID       DeviceID
	PublicID PublicID
	Account  AccountID
	Viewer   ViewerID // the browser or app that it lives in
	Sender   SenderID // the follower whose it is
	Class    Class
	Provider Provider // empty: the live channel alone
	Name     string   // as its follower calls it
	Target   Secret   // what the provider needs: a subscription's JSON or a token; empty without provider

	RegisteredAt time.Time // an older word of a vendor that it is gone does not count
	SeenAt       time.Time
}

// Viewer is a browser or app that watches the wall of one account. Sender is the
// follower whom it is bound to, with the word of both; 0: nobody.
type Viewer struct {
	ID       ViewerID
	PublicID PublicID
	Account  AccountID
	Sender   SenderID
	SeenAt   time.Time
}

// BindingState is how far a viewer's wish to be bound has come.
type BindingState string

const (
	BindingWaiting BindingState = "waiting" // nobody has sent the code yet
	BindingAsked   BindingState = "asked"   // a follower has, and was asked whether they mean it
	BindingAgreed  BindingState = "agreed"  // the follower said yes; now it is for the browser
)

// Binding is a viewer's wish to be bound to a follower.
type Binding struct {
	Viewer    ViewerID
	State     BindingState
	Sender    SenderID // who sent the code; 0 while nobody has
	ExpiresAt time.Time
}
