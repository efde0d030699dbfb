package callbackd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"callbackd"
)

func TestStepEvent_EveryStepOfEveryState(t *testing.T) {
	for from, steps := range map[callbackd.EventState]map[callbackd.EventStep]callbackd.EventState{
		"draft":  {"start": "live", "pause": "", "end": "ended"},
		"live":   {"start": "live", "pause": "paused", "end": "ended"},
		"paused": {"start": "live", "pause": "paused", "end": "ended"},
		"ended":  {"start": "live", "pause": "", "end": "ended"},
		"other":  {"start": "", "pause": "", "end": "", "stop": ""},
	} {
		for step, want := range steps {
			got, ok := callbackd.StepEvent(from, step)
			if ok != (want != "") || ok && got != want {
				t.Errorf("%s %s: %s, %v", from, step, got, ok)
			}
		}
	}
}

func TestStage_ShowsOnlyWhatIsOfItsOpenEvent(t *testing.T) {
	states := []callbackd.StageState{"open", "paused", "panic", "", "other"}
	events := map[string]callbackd.Stage{"none": {}, "draft": {Event: 7, EventState: "draft"}, "live": {Event: 7, EventState: "live"},
		"paused": {Event: 7, EventState: "paused"}, "ended": {Event: 7, EventState: "ended"}, "unknown": {Event: 7}, "broken": {EventState: "live"}, "outside": {Event: -1, EventState: "live"}}
	for name, s := range events {
		for _, state := range states {
			s.State, s.Cleared = state, 3
			for _, m := range []callbackd.Message{{Event: 0, Seq: 4}, {Event: 7, Seq: 4}, {Event: 7, Seq: 3}, {Event: 0, Seq: 3}, {Event: -1, Seq: 4}, {Event: 8, Seq: 4}} {
				want := state == "open" && m.Seq > 3 && (name == "none" && m.Event == 0 || name == "live" && m.Event == 7)
				if got := s.Shows(m); got != want {
					t.Errorf("%s, %s, message %+v: %v", name, state, m, got)
				}
			}
		}
		want := map[string]callbackd.EventID{"none": 0, "live": 7, "broken": 0}
		if got, ok := want[name]; ok && s.Belongs() != got || !ok && s.Belongs() != -1 {
			t.Errorf("%s: what comes belongs to %d", name, s.Belongs())
		}
	}
}

func TestStage_Apply(t *testing.T) {
	s := callbackd.Stage{State: callbackd.StageOpen}
	apply := func(kind callbackd.ControlKind, id callbackd.PublicID) bool {
		t.Helper()
		next, changed, err := s.Apply(callbackd.Control{Kind: kind, Message: id}, 9)
		if err != nil {
			t.Fatal(err)
		}
		s = next
		return changed
	}
	for i, c := range []struct {
		kind    callbackd.ControlKind
		id      callbackd.PublicID
		changed bool
		want    string
	}{
		{"pin", "a", true, "open [a] 0"}, {"pin", "a", false, "open [a] 0"}, {"pin", "b", true, "open [b a] 0"}, {"unpin", "a", true, "open [b] 0"},
		{"spotlight", "b", true, "open [b]b 0"}, {"pause", "", true, "paused [b]b 0"}, {"panic", "", true, "panic [b]b 0"}, {"pause", "", false, "panic [b]b 0"},
		{"resume", "", true, "open [b]b 0"}, {"resume", "", false, "open [b]b 0"}, {"clear", "", true, "open [] 9"}, {"clear", "", false, "open [] 9"},
	} {
		changed := apply(c.kind, c.id)
		if got := fmt.Sprintf("%s %v%s %d", s.State, s.Pins, s.Spotlight, s.Cleared); got != c.want || changed != c.changed {
			t.Errorf("%d %s %s: %s (%v), want %s", i, c.kind, c.id, got, changed, c.want)
		}
	}
	for i := range callbackd.MaxPins {
		apply("pin", callbackd.PublicID(fmt.Sprint(i)))
	}
	if _, _, err := s.Apply(callbackd.Control{Kind: "pin", Message: "more"}, 9); !errors.Is(err, callbackd.ErrConflict) {
		t.Errorf("a pin too many: %v", err)
	}
	if _, _, err := s.Apply(callbackd.Control{Kind: "stop"}, 9); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("no such step: %v", err)
	}
}

func TestCheckEvent(t *testing.T) {
	at := time.Unix(1000, 0)
	for want, e := range map[string]callbackd.Event{
		"":                     {Name: " 春晚 ", StartsAt: at, EndsAt: at.Add(time.Hour), Moderation: "auto"},
		"1 to 60 characters":   {Name: " "},
		"is one line":          {Name: "a\nb"},
		"hold, auto or open":   {Name: "x", Moderation: "free"},
		"ends after it starts": {Name: "x", StartsAt: at, EndsAt: at},
	} {
		err := callbackd.CheckEvent(&e)
		if (err == nil) != (want == "") || err != nil && (!errors.Is(err, callbackd.ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
