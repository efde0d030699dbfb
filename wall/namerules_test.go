package wall_test

import (
	"testing"

	"callbackd"
	"callbackd/wall"
)

// TestView_ANameThatPosesIsNowherePublic: in open moderation too, where nobody
// looks at names; the account's own people see it.
func TestView_ANameThatPosesIsNowherePublic(t *testing.T) {
	s := newStage(t)
	for _, m := range []callbackd.Moderation{callbackd.ModerationOpen, callbackd.ModerationHold} {
		a := s.account(callbackd.Slug(m), m)
		id := s.say(a, "oA", "hello")
		s.name(a, "oA", "管 理 员")
		if m == callbackd.ModerationHold {
			s.decide(a, callbackd.DecisionApprove, id)
		}
		row, err := s.db.GetMessage(ctx, a.ID, id)
		s.must(err)
		seen, ok := wall.View(row)
		if !ok || seen.Sender.Resolved || seen.Sender.Name != wall.Pseudonym(row.Sender.AvatarSeed) {
			t.Errorf("%s: %+v", m, seen.Sender)
		}
		face, err := s.db.GetFace(ctx, row.Sender.ID)
		s.must(err)
		if name := wall.PublicName(face, m); name != seen.Sender.Name {
			t.Errorf("%s: elsewhere it is %q", m, name)
		}
		if own := wall.OperatorView(row); own.Sender.Name != "管 理 员" || len(own.Waiting) != 0 {
			t.Errorf("%s: %q, %v", m, own.Sender.Name, own.Waiting)
		}
	}
}
