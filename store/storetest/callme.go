package storetest

import (
	"testing"

	"callbackd"
)

// exerciseCallMe: a name that a follower chooses wins over the platform's, and goes
// the way of any name.
func exerciseCallMe(t *testing.T, h Harness) {
	call := func(w *world, from callbackd.OpenID, name string, want callbackd.CommandOutcome, why string, shown bool) {
		w.Helper()
		out := w.commanded(w.asks(from, callbackd.Command{Kind: callbackd.CommandName, Name: name}), want)
		if r := out.Command; r.Name != name || r.NameWhy != why || r.Shown != shown {
			w.Errorf("%s: %+v, want %q, shown %v", name, r, why, shown)
		}
	}
	t.Run("WaitsForAModerator", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "one"))
		w.carded("oA", "小明")
		w.accept(w.text("oB", "two"))
		rows := w.messages("held")
		a, b := rows[1].Message.PublicID, rows[0].Message.PublicID
		w.decide(w.message(a), callbackd.DecisionApprove)
		w.decide(w.message(b), callbackd.DecisionApprove)
		call(w, "oA", "阿明", callbackd.CommandNamed, "", false)
		call(w, "oB", "无名", callbackd.CommandNamed, "", false) // of whom the platform tells nothing
		w.carded("oA", "小明明")                                  // which nobody sees any more
		for id, want := range map[callbackd.PublicID][2]string{a: {"阿明", "小明"}, b: {"无名", ""}} {
			row := w.message(id)
			if row.OwnName() != want[0] || row.Sender.PassedName != want[1] || row.Message.QueuedAt.IsZero() {
				w.Errorf("%q, shown as %q, queued %v: want %v, queued", row.OwnName(), row.Sender.PassedName, row.Message.QueuedAt, want)
			}
			w.decide(row, callbackd.DecisionApprove)
			if row = w.message(id); row.Sender.PassedName != want[0] || !row.Message.QueuedAt.IsZero() {
				w.Errorf("approved: %q, queued %v", row.Sender.PassedName, row.Message.QueuedAt)
			}
		}
		call(w, "oA", "阿明", callbackd.CommandNamed, "", true) // which is shown
		due, err := w.db.ListNamesDue(ctx, w.acc.ID, 10)
		w.must(err)
		for _, d := range due {
			if d.Own == "小明明" {
				w.Error("the index of names gets the platform's name, which nobody sees")
			}
		}
		if len(due) != 2 {
			w.Errorf("%d names are due, want 2", len(due))
		}
	})
	t.Run("IsRefused", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "one"))
		w.carded("oA", "王大锤")
		w.accept(w.text("oB", "two"))
		rev := w.message(w.messages("")[0].Message.PublicID).Message.Rev
		call(w, "oB", "管理员", callbackd.CommandNotCalled, "reserved", false)
		call(w, "oB", "王大錘", callbackd.CommandNotCalled, "taken", false)
		bad := w.asks("oB", callbackd.Command{Kind: callbackd.CommandName, Name: "坏话", NameWhy: "word"})
		if r := w.commanded(bad, callbackd.CommandNotCalled).Command; r.NameWhy != "word" {
			w.Errorf("%+v", r)
		}
		if row := w.messages("")[0]; row.OwnName() != "" || row.Message.Rev != rev {
			w.Errorf("called %q after a refusal, rev %d after %d", row.OwnName(), row.Message.Rev, rev)
		}
		call(w, "oB", "大锤二号", callbackd.CommandNamed, "", true)
		if row := w.messages("")[0]; row.OwnName() != "大锤二号" || row.Message.Rev <= rev {
			w.Errorf("called %q, rev %d after %d", row.OwnName(), row.Message.Rev, rev)
		}
	})
}
