package storetest

import (
	"testing"

	"callbackd"
)

func exerciseNameRules(t *testing.T, h Harness) {
	refused := func(w *world, id callbackd.OpenID, name, why string) {
		w.Helper()
		if s := w.whole(id); s.RefusedName != name || s.RefusedWhy != why {
			w.Errorf("%s: refused %q because %q, want %q, %q", id, s.RefusedName, s.RefusedWhy, name, why)
		}
	}
	t.Run("TheHousesNamesAreNobodys", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.carded("oB", "春晚現場") // read before the first word
		w.accept(w.text("oA", "one"))
		w.accept(w.text("oB", "two"))
		w.carded("oA", "主持 人")
		refused(w, "oA", "主持 人", "reserved")
		refused(w, "oB", "春晚現場", "reserved")
		for _, row := range w.messages("held") {
			w.decide(row, callbackd.DecisionApprove)
		}
		if s := w.whole("oA"); s.PassedName != "" || s.Approved != 1 {
			t.Errorf("%+v", s)
		}
		if n := w.queue().Waiting; n != 0 {
			t.Errorf("%d wait for a decision that nobody can take", n)
		}
		w.carded("oA", "小明")
		refused(w, "oA", "", "")
		if n := w.queue().Waiting; n != 1 {
			t.Errorf("another name: %d wait", n)
		}
	})
	t.Run("ANameThatIsShownIsItsBearersAlone", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "one"))
		w.accept(w.text("oB", "two"))
		w.carded("oA", "Lily")
		w.carded("oB", "LiIy") // nobody is shown by it yet
		refused(w, "oB", "", "")
		rows := w.messages("held")
		w.decide(rows[1], callbackd.DecisionApprove)
		w.decide(rows[0], callbackd.DecisionApprove)
		if a, b := w.whole("oA"), w.whole("oB"); a.PassedName != "Lily" || b.PassedName != "" {
			t.Errorf("%q, %q", a.PassedName, b.PassedName)
		}
		refused(w, "oB", "LiIy", "taken")
		w.carded("oA", "Lily") // read once more: it is one's own
		refused(w, "oA", "", "")
		w.carded("oA", "Rose")
		w.carded("oB", "L1ly")
		refused(w, "oB", "L1ly", "taken") // oA is shown as Lily until Rose passes
		w.decide(w.message(rows[1].Message.PublicID), callbackd.DecisionApprove)
		w.carded("oB", "Li.ly")
		refused(w, "oB", "", "")
	})
	t.Run("InOpenToo", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "one"))
		w.accept(w.text("oB", "two"))
		w.carded("oA", "王大锤")
		w.carded("oB", "王大錘")
		refused(w, "oA", "", "")
		refused(w, "oB", "王大錘", "taken")
		w.accept(w.text("oC", "three"))
		w.carded("oC", "王大锤")
		refused(w, "oC", "", "") // a namesake
	})
}
