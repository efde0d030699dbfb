package rehearsal

import (
	"time"

	"callbackd"
)

// Range is an interval of durations, both ends included. The zero Range is
// "always exactly zero".
type Range struct{ Min, Max time.Duration }

// MsgIDScheme is how the platform builds the MsgId of a push (wechat-protocol 0.1).
type MsgIDScheme string

const (
	// MsgIDOld (2013–2018): CreateTime<<32 | console id.
	MsgIDOld MsgIDScheme = "old"
	// MsgIDNew (2019 on): floor(CreateTime/300)<<32 | random.
	MsgIDNew MsgIDScheme = "new"
)

// AccountConfig describes an official account. What is empty is generated from
// the platform's seed, so the same seed gives the same credentials.
type AccountConfig struct {
	Slug       callbackd.Slug // how the product will name the account; required
	Name       string
	OriginalID string // gh_ + 12 hex
	AppID      string // wx + 16 hex
	AppSecret  string // 32 hex
	Token      string
	AESKey     string         // 43 characters; generated unless Mode is plain
	Mode       callbackd.Mode // empty: safe

	CallbackURL string // where pushes go; may be set later by SetCallbackURL

	Push     PushConfig
	API      APIConfig
	MP       *MPConfig      // operator pages; nil: this account has none
	Operator OperatorFaults // faults of the operator pages at start
	Faults   Faults         // faults of the API at start
	Settings Settings
}

// PushConfig is how the platform pushes to an account.
type PushConfig struct {
	Attempts       int         // deliveries of one push in all, 1–4; 0: 3 (wechat-protocol 1.6)
	RepeatSame     bool        // repeats carry the first attempt's timestamp, nonce and ciphertext
	WithoutOpenID  bool        // leave the openid query parameter out, as before 2016
	MsgIDs         MsgIDScheme // empty: MsgIDOld in dialect 2014, else MsgIDNew
	FirstConsole   uint32      // console id of the first message; 0: drawn from the seed
	PreviousAESKey string      // what Forgery PreviousKey encrypts with; empty: none
}

// APIConfig is what the official API does for an account.
type APIConfig struct {
	// None leaves app_id and app_secret out of JSON and refuses API calls, as
	// for the unverified subscription accounts of 2013.
	None bool

	Unverified     bool // 48001 on user/info, qrcode/create, custom/send
	OldProfiles    bool // user/info as before 2021-12-27: nickname, region, headimgurl
	LegacyMessages bool // customer-service allowance before June 2023: 20 in 48 h
	Whitelist      bool // 40164 on token calls unless the caller is in AllowedIPs
	AllowedIPs     []string
	OAuthDomain    string // host[:port] that redirect_uri must have; empty: any

	Templates       []Template // of template messages
	TemplatesPerDay int        // 0: 100,000
}

// Settings are the operator's side of the account: they go into JSON and the
// platform does not look at them. What is empty is absent there.
type Settings struct {
	Moderation callbackd.Moderation
	JoinURL    string
	Owner      string
	Resolve    []callbackd.Strategy
	Notices    callbackd.NoticeOptions
}

// MPConfig is the login of the account's operator.
type MPConfig struct {
	Username string // empty: generated
	Password string // empty: generated
	Dialect  callbackd.Dialect
}

// Follower is a person of the crowd, the same on all accounts. A value is a
// copy; Avatar is shared and must not be written to.
type Follower struct {
	// Number is the decimal FakeID of the numeric era, 7–10 digits, the same on
	// every account. It is the person's key in this package in both dialects.
	Number  callbackd.FakeID
	Profile callbackd.Profile
	Avatar  []byte // JPEG; nil: the person has none
	// AvatarTag changes with the picture; it is part of headimgurl, so an old
	// address dies when the picture changes.
	AvatarTag string
}

// Contact is a follower as one account sees them.
type Contact struct {
	Follower
	OpenID     callbackd.OpenID
	FollowedAt time.Time // of the latest follow; whole seconds
	Following  bool      // false: has unfollowed
}

// contact is the mutable part of a Contact; guarded by Platform.mu.
type contact struct {
	person     *Follower
	openID     callbackd.OpenID
	followedAt time.Time
	following  bool
	order      int64 // counts follows, for "newest first" within a second

	// the customer-service allowance (wechat-protocol 3.9)
	windows []sendWindow
	refusal int // errcode of every message to them; 0: none
}

// Account is one official account of the simulated platform.
type Account struct {
	Config AccountConfig // with everything generated; never changes after AddAccount

	p *Platform
	accountState
}

// accountState is what happens to an account; guarded by Platform.mu.
type accountState struct {
	callbackURL string
	entered     *Server // on the console; nil: the configuration's
	connected   chan struct{}
	faults      Faults
	operator    OperatorFaults
	mp          mpState // of the operator pages
	contacts    map[callbackd.FakeID]*contact
	byOpenID    map[callbackd.OpenID]*contact
	follows     int64
	nextConsole uint32
	records     []*Record // ascending console id
	byConsole   map[uint32]*Record
	byMedia     map[string]mediaRef
	tokens      tokenState
	sent        []SentMessage
	templates   []SentTemplate
	tickets     map[string]qrTicket
}

// Dialect is the form of the account's operator pages; "" without any.
func (a *Account) Dialect() callbackd.Dialect {
	if a.Config.MP == nil {
		return ""
	}
	return a.Config.MP.Dialect
}

// FakeID is the id of a contact on the operator pages of this account: the
// number in dialect 2014, the openID in dialect 2016.
func (a *Account) FakeID(c Contact) callbackd.FakeID {
	if a.Dialect() == callbackd.Dialect2016 {
		return callbackd.FakeID(c.OpenID)
	}
	return c.Number
}

// Uin is the account's own FakeID: a decimal number, also in dialect 2016.
func (a *Account) Uin() string {
	return decimal(a.p.opts.Seed, 10, "uin", a.Config.OriginalID)
}

// Contact finds a person by their number; false when they never followed.
func (a *Account) Contact(number callbackd.FakeID) (Contact, bool) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return copyContact(a.contacts[number])
}

// ContactByOpenID finds a person by openID; false for those of other accounts.
func (a *Account) ContactByOpenID(id callbackd.OpenID) (Contact, bool) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return copyContact(a.byOpenID[id])
}

// ContactByFakeID finds a person by the id that the operator pages of this
// account use (see FakeID).
func (a *Account) ContactByFakeID(id callbackd.FakeID) (Contact, bool) {
	if a.Dialect() == callbackd.Dialect2016 {
		return a.ContactByOpenID(callbackd.OpenID(id))
	}
	return a.Contact(id)
}

// Contacts lists who follows now, newest follow first, as the follower pages do.
func (a *Account) Contacts() []Contact {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return a.contactsLocked()
}

// Follow makes a person follow the account at a time (zero: now) and returns
// them. Following again moves the person to the front of the list. It pushes
// nothing: that is Act with EventSubscribe.
func (a *Account) Follow(number callbackd.FakeID, at time.Time) (Contact, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	c, err := a.followLocked(number, at)
	if err != nil {
		return Contact{}, err
	}
	out, _ := copyContact(c)
	return out, nil
}

// Unfollow ends it. The openID stays the person's for good.
func (a *Account) Unfollow(number callbackd.FakeID) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if c := a.contacts[number]; c != nil {
		c.following = false
	}
}

func copyContact(c *contact) (Contact, bool) {
	if c == nil {
		return Contact{}, false
	}
	return Contact{Follower: *c.person, OpenID: c.openID, FollowedAt: c.followedAt, Following: c.following}, true
}
