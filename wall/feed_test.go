package wall_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// steps writes changes as "rev op words".
func steps(changes []callbackd.Change) string {
	var out []string
	for _, c := range changes {
		words := "-"
		if c.Message != nil {
			words = c.Message.Text
		}
		out = append(out, fmt.Sprintf("%d %s %s", c.Rev, c.Op, words))
	}
	return strings.Join(out, ", ")
}

func (s *stage) after(a *callbackd.Account, rev int64, limit int) wall.Changes {
	s.Helper()
	c, err := wall.ChangesAfter(ctx, s.db, a.ID, rev, limit)
	s.must(err)
	return c
}

func TestChangesAfter_EachStepForEachReader(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	one, two := s.say(a, "oA", "one"), s.say(a, "oB", "two") // rev 1, 2
	s.name(a, "oA", "小明")                                    // rev 3: one
	s.decide(a, callbackd.DecisionRemove, two)               // rev 4
	s.decide(a, callbackd.DecisionRemove, one)               // rev 5
	s.decide(a, callbackd.DecisionApprove, one)              // rev 6: shown again
	three := s.say(a, "oC", "three")                         // rev 7
	s.name(a, "oA", "大明")                                    // rev 8: one
	for after, want := range map[int64]string{
		0: "4 remove -, 7 show three, 8 show one",
		2: "4 remove -, 7 show three, 8 show one",
		4: "7 show three, 8 show one",
		5: "7 show three, 8 show one", // who has it as removed is shown it again
		6: "7 show three, 8 update one",
		7: "8 update one",
		8: "",
	} {
		if got := s.after(a, after, 200); steps(got.Changes) != want || got.Rev != 8 || got.Reset {
			t.Errorf("after %d: rev %d reset %v: %s, want %s", after, got.Rev, got.Reset, steps(got.Changes), want)
		}
	}
	if c := s.after(a, 3, 200).Changes[0]; c.ID != two || c.Message != nil {
		t.Errorf("a removal: %+v", c)
	}
	if c := s.after(a, 6, 200).Changes[0]; c.Message.ID != three || c.ID != "" {
		t.Errorf("%+v", c)
	}
}

func TestChangesAfter_PagesUntilItIsEmpty(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	for i := range 5 {
		s.say(a, "oA", fmt.Sprint(i))
	}
	rev, pages := int64(0), []string{}
	for {
		c := s.after(a, rev, 2)
		if len(c.Changes) == 0 {
			if c.Rev != 5 {
				t.Errorf("rev of the wall: %d", c.Rev)
			}
			break
		}
		rev = c.Rev
		pages = append(pages, fmt.Sprintf("%d: %s", c.Rev, steps(c.Changes)))
	}
	if got, want := strings.Join(pages, "; "), "2: 1 show 0, 2 show 1; 4: 3 show 2, 4 show 3; 5: 5 show 4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestChangesAfter_ALateApprovalIsSeenByWhoWasThere(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationHold)
	first, second := s.say(a, "oA", "first"), s.say(a, "oB", "second")
	if c := s.after(a, 0, 200); c.Rev != 0 || len(c.Changes) != 0 {
		t.Fatalf("what waits is told: %+v", c)
	}
	s.decide(a, callbackd.DecisionApprove, second)
	rev := s.after(a, 0, 200).Rev
	s.decide(a, callbackd.DecisionApprove, first)
	c := s.after(a, rev, 200)
	if steps(c.Changes) != "2 show first" || c.Changes[0].Message.Seq != 2 {
		t.Errorf("%s", steps(c.Changes))
	}
	third := s.say(a, "oC", "third")
	s.decide(a, callbackd.DecisionRefuse, third)
	if c := s.after(a, 2, 200); len(c.Changes) != 0 || c.Rev != 2 {
		t.Errorf("a refusal is told: %+v", c)
	}
}

func TestChangesAfter_AnUnknownRevIsAReset(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationOpen)
	s.say(a, "oA", "one")
	for after, reset := range map[int64]bool{0: false, 1: false, 2: true, 1 << 60: true} {
		if c := s.after(a, after, 200); c.Reset != reset || c.Rev != 1 || reset && len(c.Changes) != 0 {
			t.Errorf("after %d: %+v", after, c)
		}
	}
	b, err := json.Marshal(s.after(a, 9, 200))
	if err != nil || string(b) != `{"rev":1,"reset":true,"changes":[]}` {
		t.Errorf("%s, %v", b, err)
	}
	if _, err := wall.ChangesAfter(ctx, s.db, 4711, 0, 10); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("an account that is none: %v", err)
	}
}

func TestMessagesIn_HoldsWhatPassesAlone(t *testing.T) {
	s := newStage(t)
	a := s.account("gala", callbackd.ModerationHold)
	other := s.account("other", callbackd.ModerationOpen)
	s.say(other, "oA", "elsewhere")
	ids := []callbackd.PublicID{}
	for _, words := range []string{"held", "shown", "refused", "removed"} {
		ids = append(ids, s.say(a, "oA", words))
	}
	s.decide(a, callbackd.DecisionApprove, ids[1], ids[3])
	s.decide(a, callbackd.DecisionRefuse, ids[2])
	s.decide(a, callbackd.DecisionRemove, ids[3])
	m, err := wall.MessagesIn(ctx, s.db, a, store.Span{Limit: 200})
	s.must(err)
	if len(m.Messages) != 1 || m.Messages[0].Text != "shown" || m.Rev != 3 || m.Account != (wall.AccountName{Slug: "gala", Name: "春晚现场"}) {
		t.Errorf("%+v", m)
	}
	empty, err := wall.MessagesIn(ctx, s.db, s.account("empty", callbackd.ModerationHold), store.Span{Limit: 10})
	s.must(err)
	b, err := json.Marshal(empty)
	if err != nil || string(b) != `{"account":{"slug":"empty","name":"春晚现场"},"rev":0,"control":{"state":"open","pins":[],"cleared":0},"messages":[]}` {
		t.Errorf("%s, %v", b, err)
	}
}
