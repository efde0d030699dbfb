package storetest

import (
	"errors"
	"fmt"
	"testing"

	"callbackd"
)

func exerciseBlocks(t *testing.T, h Harness) {
	t.Run("WhoIsBlockedIsRefusedInEveryModeration", func(t *testing.T) {
		for _, m := range []callbackd.Moderation{callbackd.ModerationOpen, callbackd.ModerationAuto, callbackd.ModerationHold} {
			w := newWorld(t, h, m)
			w.accept(w.text("oA", "one"))
			w.accept(w.text("oB", "of another"))
			a := w.whole("oA")
			w.must(w.db.SetBlocked(ctx, w.acc.ID, a.ID, true, "test"))
			if out := w.accept(w.text("oA", "two")); out.State != callbackd.StateRefused {
				t.Errorf("%s: %s", m, out.State)
			}
			refused := w.messages(callbackd.StateRefused)
			if len(refused) != 1 || refused[0].Message.Reason.Code() != callbackd.HeldBlocked || !refused[0].Sender.Blocked {
				t.Errorf("%s: %+v", m, refused)
			}
			if out := w.accept(w.text("oB", "again")); out.State == callbackd.StateRefused {
				t.Errorf("%s: another one is refused too", m)
			}
		}
	})
	t.Run("ABlockOutlivesTheFollowing", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "one"))
		w.must(w.db.SetBlocked(ctx, w.acc.ID, w.whole("oA").ID, true, "test"))
		no, yes := false, true
		gone := w.text("oA", "")
		gone.Message, gone.MsgType, gone.Event, gone.Following = nil, "event", "unsubscribe", &no
		w.accept(gone)
		back := w.text("oA", "")
		back.Message, back.MsgType, back.Event, back.Following = nil, "event", "subscribe", &yes
		w.accept(back)
		if out := w.accept(w.text("oA", "two")); out.State != callbackd.StateRefused {
			t.Error(out.State)
		}
	})
	t.Run("AnotherProcessIsHeardAtOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "one"))
		other := h.Again(t)
		for _, on := range []bool{true, false} {
			w.must(other.SetBlocked(ctx, w.acc.ID, w.whole("oA").ID, on, "test"))
			if out := w.accept(w.text("oA", fmt.Sprint("after ", on))); (out.State == callbackd.StateRefused) != on {
				t.Errorf("blocked %v: %s", on, out.State)
			}
		}
	})
	t.Run("StepsAreAuditedOnceWithoutTheOpenID", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "one"))
		a := w.whole("oA")
		for _, on := range []bool{true, true, false} {
			w.must(w.db.SetBlocked(ctx, w.acc.ID, a.ID, on, "shell:root"))
			w.must(w.db.SetTrusted(ctx, w.acc.ID, a.ID, on, "shell:root"))
			if s := w.whole("oA"); s.Blocked != on || s.Trusted != on {
				t.Errorf("%+v", s)
			}
		}
		entries, err := w.db.ListAudit(ctx, w.acc.ID, 0, 4)
		w.must(err)
		got := ""
		for _, e := range entries {
			if got += e.Action + " "; e.Detail != string(a.PublicID) || e.Actor != "shell:root" {
				t.Errorf("%+v", e)
			}
		}
		if got != "untrust unblock trust block " {
			t.Error(got)
		}
		other := w.account("other", callbackd.ModerationOpen)
		if err := w.db.SetBlocked(ctx, other.ID, a.ID, true, "test"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("another account's sender: %v", err)
		}
	})
}

// whole is a sender of the account by the openID.
func (w *world) whole(id callbackd.OpenID) callbackd.Sender {
	w.Helper()
	for _, row := range w.messages("") {
		if row.Sender.OpenID == id {
			return row.Sender
		}
	}
	w.Fatalf("%s sent nothing", id)
	return callbackd.Sender{}
}
