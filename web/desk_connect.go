package web

import (
	"strconv"
	"strings"

	"callbackd"
)

// keyOf is the key of a text that is chosen by a word.
func keyOf(parts ...string) string { return strings.Join(parts, ".") }

// AccountForm is what was typed into the form that makes an account.
type AccountForm struct{ Name, Slug, OriginalID, AppID string }

// NewAccountPage is the form that makes an account.
type NewAccountPage struct {
	DeskShell
	Form  AccountForm
	Wrong string // key of what was wrong; empty: nothing yet
	Wall  string // address below which walls are
}

func (NewAccountPage) template() string { return "desk_new.html" }

// Title is what the browser's tab says.
func (p NewAccountPage) Title() (string, error) { return p.titled("new.title") }

// Connect is how an account's link with the platform stands, as its page hears it.
// Times are RFC 3339, empty: never.
type Connect struct {
	Check      string       `json:"check"`   // the platform's check arrived
	Message    string       `json:"message"` // the first message did
	Safe       string       `json:"safe"`    // safe mode works
	Own        string       `json:"own"`     // our own last request
	Refused    string       `json:"refused"` // a request was refused after the last good one
	RefusedWhy string       `json:"refused_why"`
	Doctor     *Examination `json:"doctor"`
	Login      *LoginState  `json:"login"`
}

// Examination is a run of the doctor.
type Examination struct {
	Running  bool      `json:"running"`
	At       string    `json:"at"`
	Findings []Finding `json:"findings"`
}

// Failed is how many checks found something wrong.
func (e Examination) Failed() (n int) {
	for _, f := range e.Findings {
		if f.Level == "fail" {
			n++
		}
	}
	return n
}

// Finding is one check of the doctor, in the reader's language.
type Finding struct {
	ID     string `json:"id"`
	Level  string `json:"level"` // ok, off, fail; empty: still to come
	Says   string `json:"says"`
	Fix    string `json:"fix"`
	TookMS int64  `json:"took_ms"`
}

// Icon is the picture of a finding's level.
func (f Finding) Icon() string {
	switch f.Level {
	case "ok":
		return "circle-check"
	case "off":
		return "circle-help"
	case "fail":
		return "circle-x"
	}
	return "circle-dashed"
}

// LoginState is a login to the operator pages that waits for a phone.
type LoginState struct {
	Running bool   `json:"running"`
	Step    string `json:"step"`    // starting, picture, scanned, confirmed, expired, done, failed
	Picture int    `json:"picture"` // number of the picture that is to be scanned
}

// ConnectPage is where an account is connected to the platform.
type ConnectPage struct {
	DeskShell
	URL        string // of the callback
	Token, Key string // empty: not shown
	Mode       callbackd.Mode
	HasKey     bool
	HasAppID   bool
	HasDoctor  bool
	Waiting    bool // the platform's check has not arrived
	State      Connect
}

func (ConnectPage) template() string { return "desk_connect.html" }

// Title is what the browser's tab says.
func (p ConnectPage) Title() (string, error) { return p.titled("connect.title") }

// FailedText says how many checks found something wrong.
func (p ConnectPage) FailedText(n int) (string, error) {
	text, err := p.Lang.T("doctor.failed")
	return strings.ReplaceAll(text, "{n}", strconv.Itoa(n)), err
}

// Safe reports whether the account wants safe mode, so that there is a light for it.
func (p ConnectPage) Safe() bool { return p.Mode.Encrypted() }

// Light is one thing that the page waits for.
type Light struct {
	ID string // check, message, safe
	At string // when it came; empty: not yet
}

// Lights are what the page waits for.
func (p ConnectPage) Lights() []Light {
	l := []Light{{"check", p.State.Check}, {"message", p.State.Message}}
	if p.Safe() {
		l = append(l, Light{"safe", p.State.Safe})
	}
	return l
}

// LightText is what a light stands for.
// texts: connect.light.check connect.light.message connect.light.safe
func (p ConnectPage) LightText(id string) (string, error) {
	return p.Lang.T(keyOf("connect", "light", id))
}

// LightHow is what to do for a light.
// texts: connect.how.check connect.how.message connect.how.safe
func (p ConnectPage) LightHow(id string) (string, error) {
	return p.Lang.T(keyOf("connect", "how", id))
}

// ModeText is what to choose on the platform.
// texts: connect.mode.plain connect.mode.compatible connect.mode.safe
func (p ConnectPage) ModeText() (string, error) {
	return p.Lang.T(keyOf("connect", "mode", string(p.Mode)))
}

// PagesPage is the switch of the operator pages.
type PagesPage struct {
	DeskShell
	On       bool
	Username string
	Dialect  callbackd.Dialect
	Wrong    string
	HasLogin bool
	State    Connect
}

func (PagesPage) template() string { return "desk_pages.html" }

// Title is what the browser's tab says.
func (p PagesPage) Title() (string, error) { return p.titled("pages.title") }

// SettingsPage is what an account is set to.
type SettingsPage struct {
	DeskShell
	Wrong                                               string
	Name, OriginalID, AppID, JoinURL, Welcome, MPVerify string
	HasSecret                                           bool
	Mode                                                callbackd.Mode
	Moderation                                          callbackd.Moderation
	Owned                                               string
}

func (SettingsPage) template() string { return "desk_settings.html" }

// Title is what the browser's tab says.
func (p SettingsPage) Title() (string, error) { return p.titled("settings.title") }

// Modes are what the platform offers.
func (SettingsPage) Modes() []callbackd.Mode {
	return []callbackd.Mode{callbackd.ModeSafe, callbackd.ModeCompatible, callbackd.ModePlain}
}

// Moderations are what the gate may do with a message that comes.
func (SettingsPage) Moderations() []callbackd.Moderation {
	return []callbackd.Moderation{callbackd.ModerationHold, callbackd.ModerationAuto, callbackd.ModerationOpen}
}

// ModeText is a mode in words.
func (p SettingsPage) ModeText(m callbackd.Mode) (string, error) {
	return p.Lang.T(keyOf("connect", "mode", string(m)))
}

// ModerationText is a way of moderation in words.
// texts: settings.moderation.hold settings.moderation.auto settings.moderation.open
func (p SettingsPage) ModerationText(m callbackd.Moderation) (string, error) {
	return p.Lang.T(keyOf("settings", "moderation", string(m)))
}
