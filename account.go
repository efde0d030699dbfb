package callbackd

import (
	"strings"
	"time"
)

// Mode is how the platform sends callbacks to an account.
type Mode string

const (
	ModePlain      Mode = "plain"      // plaintext, signature over token only
	ModeCompatible Mode = "compatible" // plaintext and ciphertext; only the ciphertext is believed
	ModeSafe       Mode = "safe"       // ciphertext only
)

// Encrypted reports whether callbacks of this mode must carry ciphertext and msg_signature.
func (m Mode) Encrypted() bool { return m == ModeCompatible || m == ModeSafe }

// Moderation is what the gate does with a message when it arrives.
type Moderation string

const (
	ModerationHold Moderation = "hold" // a moderator passes everything
	ModerationAuto Moderation = "auto" // what the filters find nothing in passes
	ModerationOpen Moderation = "open" // everything passes
)

// Valid reports whether there is such a moderation.
func (m Moderation) Valid() bool {
	return m == ModerationHold || m == ModerationAuto || m == ModerationOpen
}

// Dialect chooses the form of the operator pages and of FakeID.
type Dialect string

const (
	Dialect2014 Dialect = "2014" // numeric FakeID, contactmanage, getcontactinfo
	Dialect2016 Dialect = "2016" // FakeID is the openID, user_tag
)

// Strategy is a way to find out who an openID is.
type Strategy string

const (
	StrategyOpenID     Strategy = "open-id"     // dialect 2016: the card of the openID
	StrategyMsgID      Strategy = "msg-id"      // low word of MsgId is the id on the message page
	StrategyUserPage   Strategy = "user-page"   // CN103501265A claim 3: page with both ids
	StrategyCreateTime Strategy = "create-time" // CN103501265A claim 5: time on the message page
)

// DefaultStrategies is the sensible order of a dialect.
func DefaultStrategies(d Dialect) []Strategy {
	if d == Dialect2016 {
		return []Strategy{StrategyOpenID}
	}
	return []Strategy{StrategyMsgID, StrategyCreateTime, StrategyUserPage}
}

// Account is one official account (公众号) of an operator.
type Account struct {
	ID         AccountID
	Slug       Slug
	Name       string
	OriginalID string // gh_ + 12 hex: ToUserName of every genuine callback
	AppID      string // wx + 16 hex; empty where the account has none
	AppSecret  Secret
	Token      Secret
	AESKey     Secret // 43 characters; empty in plain mode

	PreviousAESKey      Secret    // goes on opening callbacks until PreviousAESKeyUntil
	PreviousAESKeyUntil time.Time // zero: there is none

	Mode       Mode
	Moderation Moderation
	JoinURL    string // what the join QR says when the API gives none
	Welcome    string // answer to subscribe and SCAN; {wall} stands for the wall's URL; empty: DefaultWelcome
	Owner      string // accounts of the same owner may share what is known of a person
	MPWeb      *MPWebLogin
	Resolve    []Strategy // empty: DefaultStrategies of the dialect
	Notices    NoticeOptions
	Filters    FilterOptions
	MPVerify   string // code of the file by which the platform sees that our host is the account's, for web authorisation; empty: none

	CheckerSecret Secret // the word that the checker (Filters.Checker) knows us by

	CreatedAt time.Time

	// What a message that comes now belongs to, and that event's moderation (empty:
	// the account's). Of the wall, not of the settings: reading fills them in.
	Event           EventID
	EventModeration Moderation
}

// ModerationNow is the moderation of a message that comes now.
func (a *Account) ModerationNow() Moderation {
	if a.EventModeration != "" {
		return a.EventModeration
	}
	return a.Moderation
}

// MPWebLogin is how we log in to the operator pages as the account's operator.
type MPWebLogin struct {
	Username string
	Password Secret
	Dialect  Dialect
}

// Strategies returns the account's strategies in the order in which they are
// tried; none without operator pages.
func (a *Account) Strategies() []Strategy {
	if a.MPWeb == nil {
		return nil
	}
	if len(a.Resolve) > 0 {
		return a.Resolve
	}
	return DefaultStrategies(a.MPWeb.Dialect)
}

// HasAPI reports whether calls to the official API are possible at all.
func (a *Account) HasAPI() bool { return a.AppID != "" && a.AppSecret != "" }

// DefaultWelcome is what a follower gets back on joining.
const DefaultWelcome = "欢迎！直接发文字、语音、图片或视频，就会上墙。\nWelcome! Send words, voice, pictures or video to this account and they go on the wall.\n{wall}"

// WelcomeText is the answer to subscribe and SCAN.
func (a *Account) WelcomeText(wallURL string) string {
	text := a.Welcome
	if text == "" {
		text = DefaultWelcome
	}
	return strings.ReplaceAll(text, "{wall}", wallURL)
}
