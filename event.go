package callbackd

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// EventState is where an event stands.
type EventState string

const (
	EventDraft  EventState = "draft"  // the doors are closed yet
	EventLive   EventState = "live"   // what comes now belongs to it
	EventPaused EventState = "paused" // the current one, but nothing that comes belongs to it
	EventEnded  EventState = "ended"  // over: the wall shows the closing card
)

// Current reports whether an event in this state is its account's current one,
// of which there is at most one.
func (s EventState) Current() bool { return s == EventLive || s == EventPaused }

// EventStep is what an operator, or the clock, does with an event.
type EventStep string

const (
	EventStart EventStep = "start" // draft, paused → live; ended → live: it was ended too early
	EventPause EventStep = "pause" // live → paused
	EventEnd   EventStep = "end"   // live, paused → ended; a draft whose time is over ends, too
)

// StepEvent returns the state that a step leads to; false where the step does not
// exist (docs/states.md has the picture). A step to where an event stands
// already changes nothing.
func StepEvent(from EventState, step EventStep) (EventState, bool) {
	switch step {
	case EventStart:
		if from == EventDraft || from == EventPaused || from == EventEnded || from == EventLive {
			return EventLive, true
		}
	case EventPause:
		if from == EventLive || from == EventPaused {
			return EventPaused, true
		}
	case EventEnd:
		if from == EventDraft || from == EventLive || from == EventPaused || from == EventEnded {
			return EventEnded, true
		}
	}
	return from, false
}

// Event is an occasion of an account: messages, pins and moderation are of one
// event. An account without any has one that never ends.
type Event struct {
	ID         EventID
	PublicID   PublicID
	Account    AccountID
	Name       string
	State      EventState
	Moderation Moderation // empty: the account's
	StartsAt   time.Time  // when it starts by itself; zero: an operator starts it
	EndsAt     time.Time  // when it ends by itself; zero: an operator ends it
	Settings   EventSettings
	CreatedAt  time.Time
	StartedAt  time.Time // zero: not yet
	EndedAt    time.Time // zero: not yet
}

// EventSettings are how the wall looks at an event. What is empty is the
// product's own.
type EventSettings struct {
	Title      string   `json:"title,omitempty"`      // on the mast, in place of the account's name
	Logo       PublicID `json:"logo,omitempty"`       // a picture of the event
	Background PublicID `json:"background,omitempty"` // a picture of the event
	Colours    Colours  `json:"colours,omitzero"`
	Still      Card     `json:"still,omitzero"`   // while the wall is paused or in panic
	Draft      Card     `json:"draft,omitzero"`   // before the event
	Closing    Card     `json:"closing,omitzero"` // after it
	Footer     Footer   `json:"footer,omitzero"`
}

// Colours of an event, as #rrggbb. They stand for both themes.
type Colours struct {
	Ground string `json:"ground,omitempty"`
	Ink    string `json:"ink,omitempty"`
	Accent string `json:"accent,omitempty"`
}

// Card is what the wall shows in the place of messages.
type Card struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"`
}

// Footer is the line at the foot of a wall: words, and the ICP number with the
// address that it leads to.
type Footer struct {
	Text string `json:"text,omitempty"`
	ICP  string `json:"icp,omitempty"`
	Link string `json:"link,omitempty"` // http or https; empty: beian.miit.gov.cn where there is a number
}

// Longest texts of an event, in characters.
const (
	MaxEventName = 60
	MaxCardTitle = 60
	MaxCardText  = 200
)

// CheckEvent returns ErrInvalid, with a sentence, for what cannot be an event.
func CheckEvent(e *Event) error {
	e.Name = strings.TrimSpace(e.Name)
	n := utf8.RuneCountInString(e.Name)
	switch {
	case n == 0 || n > MaxEventName || !utf8.ValidString(e.Name):
		return Told(ErrInvalid, "error.event_name", "an event's name has 1 to %d characters", MaxEventName)
	case strings.ContainsFunc(e.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Told(ErrInvalid, "error.event_name_line", "an event's name is one line")
	case e.Moderation != "" && !e.Moderation.Valid():
		return Told(ErrInvalid, "error.event_moderation", "an event's moderation is hold, auto or open; empty means the account's")
	case !e.EndsAt.IsZero() && !e.StartsAt.IsZero() && !e.EndsAt.After(e.StartsAt):
		return Told(ErrInvalid, "error.event_times", "an event ends after it starts")
	}
	return e.Settings.check()
}

// check refuses what a wall cannot show.
func (s EventSettings) check() error {
	for _, t := range []struct {
		name Label
		text string
		most int
	}{
		{Label{"events.heading", "title"}, s.Title, MaxCardTitle}, {Label{"events.footer.text", "footer"}, s.Footer.Text, MaxCardText}, {Label{"events.footer.icp", "ICP number"}, s.Footer.ICP, 40},
		{Label{"events.still.title", "title of the still card"}, s.Still.Title, MaxCardTitle}, {Label{"events.still.text", "text of the still card"}, s.Still.Text, MaxCardText},
		{Label{"events.draft.title", "title of the card before"}, s.Draft.Title, MaxCardTitle}, {Label{"events.draft.text", "text of the card before"}, s.Draft.Text, MaxCardText},
		{Label{"events.closing.title", "title of the closing card"}, s.Closing.Title, MaxCardTitle}, {Label{"events.closing.text", "text of the closing card"}, s.Closing.Text, MaxCardText},
	} {
		if utf8.RuneCountInString(t.text) > t.most || !utf8.ValidString(t.text) {
			return Told(ErrInvalid, "error.event_long", "the %s has at most %d characters", t.name, t.most)
		}
	}
	if l := s.Footer.Link; l != "" {
		if u, err := url.Parse(l); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(l) > 300 {
			return Told(ErrInvalid, "error.event_link", "the link of the footer begins with https:// or http://")
		}
	}
	if s.Colours == (Colours{}) {
		return nil
	}
	_, err := s.Colours.Theme()
	return err
}
