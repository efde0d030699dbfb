package callbackd

import (
	"strings"
	"time"
)

// Kind is what a message carries.
type Kind string

const (
	KindText     Kind = "text"
	KindImage    Kind = "image"
	KindVoice    Kind = "voice"
	KindVideo    Kind = "video" // also the platform's shortvideo
	KindLocation Kind = "location"
	KindLink     Kind = "link"
)

// HasMedia reports whether messages of this kind bring a file that must be fetched.
func (k Kind) HasMedia() bool { return k == KindImage || k == KindVoice || k == KindVideo }

// State is where a message stands before the gate. Only StateShown passes it.
type State string

const (
	StateHeld    State = "held"    // waiting for a moderator
	StateShown   State = "shown"   // public
	StateRefused State = "refused" // never shown
	StateRemoved State = "removed" // was shown, taken down
	StateErased  State = "erased"  // nothing left but the fact
)

// Decision is a moderator's step.
type Decision string

const (
	DecisionApprove Decision = "approve" // held, refused, removed → shown; on shown: passes what has come since
	DecisionRefuse  Decision = "refuse"  // held → refused
	DecisionRemove  Decision = "remove"  // shown → removed
)

// Decide returns the state that a decision leads to; false where the step does
// not exist (docs/states.md has the picture).
func Decide(from State, d Decision) (State, bool) {
	switch d {
	case DecisionApprove:
		if from == StateHeld || from == StateRefused || from == StateRemoved || from == StateShown {
			return StateShown, true
		}
	case DecisionRefuse:
		if from == StateHeld || from == StateRefused {
			return StateRefused, true
		}
	case DecisionRemove:
		if from == StateShown || from == StateRemoved {
			return StateRemoved, true
		}
	}
	return from, false
}

// ContainsLink reports whether a text holds anything that a person or a chat
// client would take for an address. It errs on the side of yes.
func ContainsLink(text string) bool {
	t := strings.ToLower(foldWidth(text))
	if strings.Contains(t, "://") || strings.Contains(t, "www.") {
		return true
	}
	// a dot, ideographic or not, between an address-like word and a letter: example.com, t.cn/x
	rs := []rune(t)
	for i := 1; i+1 < len(rs); i++ {
		if (rs[i] == '.' || rs[i] == '。') && isASCIIWord(rs[i-1]) && rs[i+1] >= 'a' && rs[i+1] <= 'z' {
			return true
		}
	}
	return false
}

func isASCIIWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// foldWidth turns full-width ASCII (U+FF01…U+FF5E) into ASCII.
func foldWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xFF01 && r <= 0xFF5E {
			return r - 0xFEE0
		}
		return r
	}, s)
}

// Message is something that a person sent to an account.
type Message struct {
	ID       MessageID
	PublicID PublicID
	Account  AccountID
	Sender   SenderID
	Kind     Kind
	Text     string    // what the follower wrote; a voice's recognised words
	SentAt   time.Time // CreateTime of the push, whole seconds
	MsgID    uint64    // the platform's; not unique (wechat-protocol 0.1)
	State    State
	Reason   HeldReason // why it did not pass at arrival

	// Moderation is the event's, or the account's, at the time of arrival: a later
	// change does not reach back to this message.
	Moderation Moderation

	Seq      int64 // place on the wall, from 1; 0: never passed the gate
	Rev      int64 // the wall's rev when this message last changed there; 0: never shown
	ShownRev int64 // the wall's rev of the last time that it was let through

	// QueuedAt is since when a moderator is wanted; zero: none is. Turn is how many
	// decisions were taken on this message.
	QueuedAt time.Time
	Turn     int64

	Caption    *string // a moderator's words for a voice, in the place of Text; nil: none
	Place      *Place
	Link       *Link
	ReceivedAt time.Time
	Web        bool // written on the wall's page, not in WeChat

	Event EventID // in which it came
	Host  bool    // the host's own announcement
}

// Place is where a location message points. Coordinates stay on the server.
type Place struct {
	Label    string
	Lat, Lon float64
}

// Link is a shared article.
type Link struct {
	Title, Description, URL string
}

// Sender is (account, openID): who sent a message.
type Sender struct {
	ID         SenderID
	Account    AccountID
	OpenID     OpenID
	PublicID   PublicID
	AvatarID   PublicID // id of the drawn avatar's path
	AvatarSeed int64    // random; the drawn avatar and the pseudonym come from it
	Person     PersonID // 0: not known yet
	Approved   int      // messages that a moderator approved
	Removed    int      // messages that a moderator took down
	Following  bool

	ChosenName string // how the sender asked to be called, in the place of the platform's name; empty: nobody asked

	// What a moderator let through; empty: nothing yet. Messages that arrived
	// in open moderation do not look at these.
	PassedName   string
	PassedAvatar PublicID

	Trusted bool // a moderator's word: auto passes what this sender sends, but for listed words
	Blocked bool // what this sender sends is refused at arrival

	// A name of this sender that is never shown, and why: it poses as the house
	// (reserved), or looks like another sender's (taken).
	RefusedName string
	RefusedWhy  string
}

// Gender as the platform counts it.
type Gender int

const (
	GenderUnknown Gender = 0
	GenderMale    Gender = 1
	GenderFemale  Gender = 2
)

// Profile is what the platform tells of a person. An empty field means unknown.
type Profile struct {
	Nickname  string
	Gender    Gender
	Country   string
	Province  string
	City      string
	Signature string
}

// Merge returns p with every known field of q; what q does not know stays.
func (p Profile) Merge(q Profile) Profile {
	set := func(dst *string, v string) {
		if strings.TrimSpace(v) != "" {
			*dst = v
		}
	}
	set(&p.Nickname, q.Nickname)
	set(&p.Country, q.Country)
	set(&p.Province, q.Province)
	set(&p.City, q.City)
	set(&p.Signature, q.Signature)
	if q.Gender != GenderUnknown {
		p.Gender = q.Gender
	}
	return p
}

// OwnName is the name that a sender has now, whether or not anybody may see it: the
// chosen one, else the platform's. Empty: none is known.
func (s Sender) OwnName(p *Person) string {
	if s.ChosenName == "" && p != nil {
		return p.Profile.Nickname
	}
	return s.ChosenName
}

// Person is a FakeID of an account with its profile. OpenID is empty while the
// person stands on the unresolved list (CN103501265A, claims 3 and 4).
type Person struct {
	ID       PersonID
	Account  AccountID
	FakeID   FakeID
	OpenID   OpenID
	Profile  Profile
	Avatar   PublicID  // our copy of the picture; empty: none
	ReadAt   time.Time // when the card was read; zero: never
	ListedAt time.Time // when it was first seen on the operator pages
}
