package wall

import (
	"context"
	"fmt"
	"slices"
	"time"

	"callbackd"
	"callbackd/store"
)

// ControlOf is a wall's whole stage as the public may know it: pinned messages
// and that in the spotlight only as the gate lets them be seen now.
func ControlOf(ctx context.Context, db *store.DB, s callbackd.Stage) (callbackd.PublicControl, error) {
	out := callbackd.PublicControl{State: stateOf(s), Pins: []callbackd.PublicID{}, Cleared: s.Cleared}
	var settings callbackd.EventSettings
	if s.Event > 0 {
		e, err := db.GetEventByID(ctx, s.Event)
		if err != nil {
			return out, err
		}
		settings = e.Settings
		out.Event = publicEvent(e)
		if settings.Colours != (callbackd.Colours{}) || settings.Background != "" {
			out.Event.Style = fmt.Sprintf("/style/%s.css?rev=%d", e.PublicID, s.Rev)
		}
	}
	out.Card = cardOf(out.State, settings)
	if !s.Open() {
		return out, nil
	}
	raised := slices.Clone(s.Pins)
	if s.Spotlight != "" && !slices.Contains(raised, s.Spotlight) {
		raised = append(raised, s.Spotlight)
	}
	rows, err := db.ListRowsByPublicID(ctx, raised)
	if err != nil {
		return out, err
	}
	seen := map[callbackd.PublicID]bool{}
	for _, row := range rows {
		if m, ok := View(row); ok {
			seen[m.ID] = true
			out.Messages = append(out.Messages, &m)
		}
	}
	for _, id := range s.Pins {
		if seen[id] {
			out.Pins = append(out.Pins, id)
		}
	}
	if seen[s.Spotlight] {
		out.Spotlight = s.Spotlight
	}
	return out, nil
}

// stateOf is the word for a wall's stage. A panic stands above everything; what
// is not known to be open is paused.
func stateOf(s callbackd.Stage) string {
	switch {
	case s.State == callbackd.StagePanic:
		return "panic"
	case s.Event > 0 && s.EventState == callbackd.EventDraft:
		return "draft"
	case s.Event > 0 && s.EventState == callbackd.EventEnded:
		return "ended"
	case s.Open():
		return "open"
	}
	return "paused"
}

// cardOf is what stands in the place of messages; nil while the wall is open.
func cardOf(state string, s callbackd.EventSettings) *callbackd.PublicCard {
	switch state {
	case "open":
		return nil
	case "draft":
		return &callbackd.PublicCard{Kind: "draft", Card: s.Draft}
	case "ended":
		return &callbackd.PublicCard{Kind: "closing", Card: s.Closing}
	}
	return &callbackd.PublicCard{Kind: "still", Card: s.Still}
}

func publicEvent(e callbackd.Event) *callbackd.PublicEvent {
	out := &callbackd.PublicEvent{ID: e.PublicID, Name: e.Name, State: e.State, StartsAt: clock(e.StartsAt), EndsAt: clock(e.EndsAt), Title: e.Settings.Title}
	if e.Settings.Logo != "" {
		out.Logo = PicturePath(e.Settings.Logo)
	}
	if e.Settings.Background != "" {
		out.Background = PicturePath(e.Settings.Background)
	}
	if e.Settings.Footer != (callbackd.Footer{}) {
		out.Footer = &e.Settings.Footer
	}
	return out
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// controlChange is the newest change of a wall's stage.
func controlChange(ctx context.Context, db *store.DB, s callbackd.Stage) (callbackd.Change, error) {
	c, err := ControlOf(ctx, db, s)
	return callbackd.Change{Rev: s.Rev, Op: callbackd.ChangeControl, Control: &c}, err
}
