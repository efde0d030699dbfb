package web

import (
	"time"

	"callbackd"
)

// RoomStage is how an account's wall stands.
type RoomStage struct {
	State   string         `json:"state"` // open, paused, panic, draft, ended
	Event   string         `json:"event"` // name; empty: the account has none
	Screens ScreensPainted `json:"screens"`
}

// Key is the text for the state.
// texts: control.open control.paused control.panic control.draft control.ended
func (s RoomStage) Key() string {
	if s.State == "" {
		return "control.open"
	}
	return "control." + s.State
}

// ScreensPainted is how the open pages stand to the wall's stage.
type ScreensPainted struct {
	Painted int      `json:"painted"`
	All     int      `json:"all"`
	Behind  []string `json:"behind"` // names of those that have not painted it
}

// Screen is an open page of a wall.
type Screen struct {
	Name    string `json:"name"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Seq     int64  `json:"seq"` // of the message on top
	Sound   bool   `json:"sound"`
	Visible bool   `json:"visible"`
	Painted bool   `json:"painted"` // it shows what it should
}

// Screens are all open pages of a wall.
type Screens struct {
	ScreensPainted
	List []Screen `json:"list"`
}

// ScreensPage lists the open pages of an account's wall.
type ScreensPage struct {
	DeskShell
	Screens Screens
}

func (ScreensPage) template() string { return "desk_screens.html" }

// Title is what the browser's tab says.
func (p ScreensPage) Title() (string, error) { return p.titled("screens.title") }

// Sounds are the words for whether a screen is heard.
func (ScreensPage) Sounds() map[bool]string {
	return map[bool]string{true: "screens.sound", false: "screens.silent"}
}

// Marks are the words for whether a screen shows what it should.
func (ScreensPage) Marks() map[bool]string {
	return map[bool]string{true: "screens.painted", false: "screens.behind"}
}

// EventsPage lists the events of an account.
type EventsPage struct {
	DeskShell
	Events []callbackd.Event // newest first
}

func (EventsPage) template() string { return "desk_events.html" }

// Title is what the browser's tab says.
func (p EventsPage) Title() (string, error) { return p.titled("events.title") }

// StateName is an event's state in words.
// texts: event.draft event.live event.paused event.ended
func (p EventsPage) StateName(e callbackd.Event) (string, error) {
	return p.Lang.T("event." + string(e.State))
}

// Forms are the page's events with what their forms need.
func (p EventsPage) Forms() []EventForm {
	forms := make([]EventForm, len(p.Events))
	for i, e := range p.Events {
		forms[i] = EventForm{p.DeskShell, e}
	}
	return forms
}

// New is the form of an event that is to be added.
func (p EventsPage) New() EventForm { return EventForm{DeskShell: p.DeskShell} }

// EventForm is an event as a form shows it.
type EventForm struct {
	DeskShell
	callbackd.Event
}

// Moderations are what an event may have; the first is the account's own.
func (EventForm) Moderations() []callbackd.Moderation {
	return []callbackd.Moderation{"", callbackd.ModerationHold, callbackd.ModerationAuto, callbackd.ModerationOpen}
}

// ModerationName is a moderation in words.
// texts: moderation.hold moderation.auto moderation.open
func (f EventForm) ModerationName(m callbackd.Moderation) (string, error) {
	if m == "" {
		return f.Lang.T("moderation.account")
	}
	return f.Lang.T("moderation." + string(m))
}

// Kind is the form of the event's logo or background.
func (f EventForm) Kind(which string) PictureForm { return PictureForm{EventForm: f, Which: which} }

// PictureForm gives an event a picture, or takes it away.
type PictureForm struct {
	EventForm
	Which string // logo or background
}

// Now is the picture that the event has; empty: none.
func (f PictureForm) Now() callbackd.PublicID {
	if f.Which == "logo" {
		return f.Settings.Logo
	}
	return f.Settings.Background
}

// Path is where the picture is while a wall shows the event.
func (f PictureForm) Path() string { return "/picture/" + string(f.Now()) }

// Shown reports whether it may be there: nobody sees pictures of a draft.
func (f PictureForm) Shown() bool { return f.State.Current() }

// Label is the text for the field.
// texts: events.logo events.background
func (f PictureForm) Label() string { return "events." + f.Which }

// Do is the text for the button.
func (f PictureForm) Do() string {
	if f.Now() != "" {
		return "events.picture.change"
	}
	return "events.picture.set"
}

// Local is a time as a field of a form has it, in this machine's zone; scripts put
// the reader's own in its place.
func (EventForm) Local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02T15:04")
}

// Exact is a time that scripts can read.
func (EventForm) Exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
