package callbackd

import "slices"

// StageState is what operators did to a wall as a whole.
type StageState string

const (
	StageOpen   StageState = "open"
	StagePaused StageState = "paused" // the still card; the queue fills
	StagePanic  StageState = "panic"  // the still card at once, and no sound
)

// Stage is what of a wall stands above its messages: whose event it shows,
// whether it shows messages at all, from where on, and what is pinned. Every
// change of it takes the wall's next rev.
type Stage struct {
	Event      EventID    // what the wall shows: NoEvent, the current event, or the last one
	EventState EventState // of that event; empty without one
	State      StageState
	Cleared    int64      // seq up to which nothing is shown any more
	Pins       []PublicID // newest first
	Spotlight  PublicID   // empty: none
	Rev        int64      // of the last change; 0: never changed
	OpenedRev  int64      // of the last change after which a page must read everything again
	Moderation Moderation // of the event; empty: the account's
}

// Open reports whether the wall shows messages. What is not known to be open is
// closed.
func (s Stage) Open() bool {
	return s.State == StageOpen && (s.Event == NoEvent && s.EventState == "" || s.Event > 0 && s.EventState == EventLive)
}

// Shows reports whether the wall's stage lets a message be seen: it is of the
// event that the wall shows, and was not cleared away.
func (s Stage) Shows(m Message) bool { return s.Open() && m.Event == s.Event && m.Seq > s.Cleared }

// Belongs is the event of a message that comes now.
func (s Stage) Belongs() EventID {
	if s.Event != NoEvent && s.EventState != EventLive {
		return OutsideEvents
	}
	return s.Event
}

// ControlKind is a step that an operator takes with a wall.
type ControlKind string

const (
	ControlPin       ControlKind = "pin"
	ControlUnpin     ControlKind = "unpin"
	ControlSpotlight ControlKind = "spotlight" // of no message: off
	ControlPause     ControlKind = "pause"
	ControlClear     ControlKind = "clear" // what is shown goes, with pins and spotlight; what comes is shown
	ControlPanic     ControlKind = "panic"
	ControlResume    ControlKind = "resume" // from paused and panic
)

// Control is one step.
type Control struct {
	Kind    ControlKind
	Message PublicID // of pin, unpin and spotlight
}

// MaxPins is how many messages may be pinned at once.
const MaxPins = 5

// Apply takes a step: the stage after it, and whether anything changed. last is
// the wall's highest seq. Whether the message of a pin may be seen is for the
// caller to know.
func (s Stage) Apply(c Control, last int64) (Stage, bool, error) {
	next := s
	next.Pins = slices.Clone(s.Pins)
	switch c.Kind {
	case ControlPin:
		if !slices.Contains(next.Pins, c.Message) {
			next.Pins = slices.Insert(next.Pins, 0, c.Message)
		}
		if len(next.Pins) > MaxPins {
			return s, false, Told(ErrConflict, "error.wall_pins", "%d messages are pinned already: unpin one first", MaxPins)
		}
	case ControlUnpin:
		next.Pins = slices.DeleteFunc(next.Pins, func(id PublicID) bool { return id == c.Message })
	case ControlSpotlight:
		next.Spotlight = c.Message
	case ControlPause:
		if s.State == StageOpen {
			next.State = StagePaused // a panic is more than a pause
		}
	case ControlPanic:
		next.State = StagePanic
	case ControlResume:
		next.State = StageOpen
	case ControlClear:
		next.Cleared, next.Pins, next.Spotlight = last, nil, ""
	default:
		return s, false, Told(ErrInvalid, "error.wall_step", "a wall knows pin, unpin, spotlight, pause, clear, panic and resume")
	}
	changed := next.State != s.State || next.Cleared != s.Cleared || next.Spotlight != s.Spotlight || !slices.Equal(next.Pins, s.Pins)
	return next, changed, nil
}

// Reopens reports whether a page that showed s must read everything again to show
// next: what it may show is not what it had with a few changes.
func (s Stage) Reopens(next Stage) bool {
	return next.Open() != s.Open() || next.Event != s.Event || next.Cleared != s.Cleared
}

// PublicControl is a wall's whole stage as feeds and live channels carry it.
type PublicControl struct {
	State     string           `json:"state"` // open, paused, panic, draft, ended
	Event     *PublicEvent     `json:"event,omitempty"`
	Pins      []PublicID       `json:"pins"`
	Spotlight PublicID         `json:"spotlight,omitempty"`
	Cleared   int64            `json:"cleared"`
	Card      *PublicCard      `json:"card,omitempty"`     // what stands in the place of messages; absent while the wall is open
	Messages  []*PublicMessage `json:"messages,omitempty"` // that are pinned or in the spotlight: they may be older than what a page holds
}

// PublicEvent is an event as its wall shows it.
type PublicEvent struct {
	ID         PublicID   `json:"id"`
	Name       string     `json:"name"`
	State      EventState `json:"state"`
	StartsAt   string     `json:"starts_at,omitempty"` // RFC 3339
	EndsAt     string     `json:"ends_at,omitempty"`   // RFC 3339
	Title      string     `json:"title,omitempty"`
	Logo       string     `json:"logo,omitempty"`       // path on this server
	Background string     `json:"background,omitempty"` // path on this server
	Style      string     `json:"style,omitempty"`      // path of its colours on this server
	Footer     *Footer    `json:"footer,omitempty"`
}

// PublicCard is what a wall shows in the place of messages.
type PublicCard struct {
	Kind string `json:"kind"` // still, draft, closing
	Card
}
