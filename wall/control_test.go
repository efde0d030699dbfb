package wall_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// control takes a step with a wall and returns its rev.
func (s *stage) control(a *callbackd.Account, kind callbackd.ControlKind, id callbackd.PublicID) int64 {
	s.Helper()
	rev, err := s.db.SetStage(ctx, a.ID, callbackd.Control{Kind: kind, Message: id}, "test")
	s.must(err)
	return rev
}

// list reads the wall as pages do.
func (s *stage) list(a *callbackd.Account) wall.Messages {
	s.Helper()
	m, err := wall.MessagesIn(ctx, s.db, a, store.Span{Limit: 200})
	s.must(err)
	return m
}

// TestPublisher_ControlsComeInOrderOfRev: the stage has its turn among the
// messages, and what is let through behind a still card is published to nobody.
func TestPublisher_ControlsComeInOrderOfRev(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	one := s.say(a, "oA", "one")
	s.control(a, callbackd.ControlPin, one)
	s.say(a, "oB", "two")
	c := publishing(s) // begins at rev 0
	c.want("gala 1 show one")
	c.want("gala 2 control -")
	c.want("gala 3 show two")
	s.control(a, callbackd.ControlPanic, "")
	c.want("gala 4 control -")
	s.say(a, "oA", "hidden") // rev 5
	s.decide(a, callbackd.DecisionRemove, one)
	c.want("gala 6 remove -")
	s.control(a, callbackd.ControlResume, "")
	c.want("gala 7 control -")
	s.say(a, "oA", "after")
	c.want("gala 8 show after")
	c.mu.Lock()
	defer c.mu.Unlock()
	if all := strings.Join(c.raw, "\n"); strings.Contains(all, "hidden") {
		t.Errorf("a message was published behind a still card: %s", all)
	}
}

func TestChangesAfter_TellsOfTheStage(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	one := s.say(a, "oA", "one") // rev 1
	s.control(a, callbackd.ControlPin, one)
	s.say(a, "oB", "two") // rev 3
	for _, c := range []struct {
		after int64
		limit int
		want  string
	}{
		{0, 10, "1 show one, 2 control -, 3 show two; rev 3"}, {0, 1, "1 show one; rev 1"}, {1, 1, "2 control -; rev 2"},
		{1, 10, "2 control -, 3 show two; rev 3"}, {2, 10, "3 show two; rev 3"}, {3, 10, "; rev 3"}, {4, 10, "; rev 3 reset"},
	} {
		got := s.after(a, c.after, c.limit)
		if text := fmt.Sprintf("%s; rev %d%s", steps(got.Changes), got.Rev, map[bool]string{true: " reset"}[got.Reset]); text != c.want {
			t.Errorf("after %d, %d at most: %s, want %s", c.after, c.limit, text, c.want)
		}
	}
	s.control(a, callbackd.ControlPause, "") // rev 4
	s.say(a, "oA", "hidden")                 // rev 5
	for after, want := range map[int64]string{0: "4 control -; rev 5", 3: "4 control -; rev 5", 4: "; rev 5"} {
		got := s.after(a, after, 10)
		if text := fmt.Sprintf("%s; rev %d", steps(got.Changes), got.Rev); text != want || !got.Paused || got.Reset {
			t.Errorf("paused, after %d: %s, %+v", after, text, got)
		}
	}
	s.control(a, callbackd.ControlResume, "") // rev 6
	if got := s.after(a, 5, 10); !got.Reset || got.Paused {
		t.Errorf("opened again: %+v", got)
	}
	if got := s.after(a, 6, 10); got.Reset || len(got.Changes) != 0 {
		t.Errorf("a page of after the opening: %+v", got)
	}
	s.control(a, callbackd.ControlClear, "") // rev 7
	if got := s.after(a, 6, 10); !got.Reset {
		t.Errorf("cleared: %+v", got)
	}
}

// TestControlOf_SaysWhatTheGateLetsThrough: a pin is public while its message is.
func TestControlOf_SaysWhatTheGateLetsThrough(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	one, two := s.say(a, "oA", "one"), s.say(a, "oB", "two")
	s.control(a, callbackd.ControlPin, one)
	s.control(a, callbackd.ControlSpotlight, two)
	if c := s.list(a).Control; fmt.Sprint(c.Pins, c.Spotlight, len(c.Messages)) != fmt.Sprint([]callbackd.PublicID{one}, two, 2) {
		t.Errorf("%+v", c)
	}
	s.decide(a, callbackd.DecisionRemove, one, two)
	b, err := json.Marshal(s.list(a).Control)
	if err != nil || string(b) != `{"state":"open","pins":[],"cleared":0}` {
		t.Errorf("of removed messages: %s, %v", b, err)
	}
	for range callbackd.MaxPins {
		s.control(a, callbackd.ControlPin, s.say(a, "oA", "more")) // the removed one counts no more
	}
	e := callbackd.Event{Account: a.ID, Name: "晚会", Settings: callbackd.EventSettings{Still: callbackd.Card{Title: "稍等"}, Draft: callbackd.Card{Title: "八点见"}, Closing: callbackd.Card{Title: "再见"}}}
	s.must(s.db.InsertEvent(ctx, &e, "test"))
	for _, c := range []struct {
		step callbackd.EventStep
		kind callbackd.ControlKind
		want string
	}{
		{"", "", "draft draft 八点见"}, {"start", "", "open"}, {"", "pause", "paused still 稍等"}, {"", "panic", "panic still 稍等"}, {"", "resume", "open"},
		{"pause", "", "paused still 稍等"}, {"start", "", "open"}, {"end", "", "ended closing 再见"}, {"", "panic", "panic still 稍等"},
	} {
		if c.step != "" {
			_, err := s.db.StepEvent(ctx, a.ID, e.ID, c.step, "test")
			s.must(err)
		}
		if c.kind != "" {
			s.control(a, c.kind, "")
		}
		m := s.list(a)
		got := m.Control.State
		if card := m.Control.Card; card != nil {
			got += " " + card.Kind + " " + card.Title
		}
		if got != c.want || m.Paused != (got != "open") || m.Control.Event.Name != "晚会" || len(m.Control.Pins) != 0 {
			t.Errorf("%+v: %s, %+v", c, got, m)
		}
	}
}
