package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

const lease = time.Minute

func (w *world) lay(holder string, limit int) []store.Row {
	w.Helper()
	rows, err := w.db.ClaimQueue(ctx, w.acc.ID, store.Holder{ID: holder, Actor: "operator:" + holder}, limit, lease)
	w.must(err)
	return rows
}

func (w *world) queue() store.QueueState {
	w.Helper()
	q, err := w.db.GetQueue(ctx, w.acc.ID)
	w.must(err)
	return q
}

func texts(rows []store.Row) string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Message.Text)
	}
	return fmt.Sprint(out)
}

// verdict is a step on a row as it was looked at.
func verdict(row store.Row, d callbackd.Decision) store.Verdict {
	return store.Verdict{Message: row.Message.PublicID, Decision: d, Seen: store.SeenOf(row)}
}

func (w *world) tap(batch string, verdicts ...store.Verdict) store.Decided {
	w.Helper()
	out, err := w.db.Decide(ctx, w.acc.ID, store.By{Actor: "operator:a", Batch: batch, Holder: "a"}, verdicts)
	w.must(err)
	return out
}

func (w *world) message(id callbackd.PublicID) store.Row {
	w.Helper()
	row, err := w.db.GetMessage(ctx, w.acc.ID, id)
	w.must(err)
	return row
}

func (w *world) carded(from callbackd.OpenID, name string) {
	w.Helper()
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: callbackd.FakeID("f" + from), OpenID: from,
		Profile: callbackd.Profile{Nickname: name}, ReadAt: w.clock.Now()}))
}

func (w *world) pictured(from callbackd.OpenID, picture string) {
	w.Helper()
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: callbackd.FakeID("f" + from), OpenID: from, ReadAt: w.clock.Now(),
		Avatar: &store.NewAvatar{Blob: picture, Type: "image/jpeg", Size: 3, Digest: []byte(picture)}}))
}

func exerciseQueue(t *testing.T, h Harness) {
	t.Run("LeasesAreApartOldestFirst", func(t *testing.T) { queueLeases(t, h) })
	t.Run("LeasesEnd", func(t *testing.T) { queueLeasesEnd(t, h) })
	t.Run("WhatWaitsIsFound", func(t *testing.T) { queueFinds(t, h) })
	t.Run("EachMessageIsDecidedOnce", func(t *testing.T) { queueOnce(t, h) })
	t.Run("WhatCameBetweenLookAndTapIsNotPassed", func(t *testing.T) { queueUnseen(t, h) })
	t.Run("EverythingOfASender", func(t *testing.T) { queueSender(t, h) })
	t.Run("Rings", func(t *testing.T) { queueRings(t, h) })
}

func queueLeases(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	for i := range 6 {
		w.clock.Advance(time.Second)
		w.accept(w.text("oA", fmt.Sprint(i)))
	}
	if got := texts(w.lay("a", 2)); got != "[0 1]" {
		t.Fatalf("first claim: %s", got)
	}
	if got := texts(w.lay("b", 3)); got != "[2 3]" { // two moderators: half of what is left
		t.Fatalf("second moderator: %s", got)
	}
	if got := texts(w.lay("a", 3)); got != "[0 1 4]" {
		t.Fatalf("one more: %s", got)
	}
	q := w.queue()
	if q.Waiting != 6 || len(q.Holders) != 2 || q.Holders[0].Actor != "operator:a" || q.Holders[0].Leases != 3 || !q.Oldest.Equal(w.clock.Now().Add(-5*time.Second)) {
		t.Fatalf("%+v", q)
	}
	w.must(w.db.ReleaseQueue(ctx, w.acc.ID, "a"))
	if got := texts(w.lay("b", 6)); got != "[0 1 2 3 4 5]" {
		t.Fatalf("what a leaver had: %s", got)
	}
	other := w.account("other", callbackd.ModerationHold)
	if rows, err := w.db.ClaimQueue(ctx, other.ID, store.Holder{ID: "b"}, 9, lease); err != nil || len(rows) != 0 {
		t.Fatalf("another account's: %d, %v", len(rows), err)
	}
}

func queueLeasesEnd(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.text("oA", "x"))
	w.lay("a", 2)
	for range 3 { // whoever claims again keeps it
		w.clock.Advance(lease / 2)
		if got := texts(w.lay("a", 2)); got != "[x]" {
			t.Fatalf("kept: %s", got)
		}
	}
	w.clock.Advance(lease - time.Millisecond)
	if got := texts(w.lay("b", 2)); got != "[]" {
		t.Fatalf("before its end: %s", got)
	}
	w.clock.Advance(2 * time.Millisecond)
	if got := texts(w.lay("b", 2)); got != "[x]" {
		t.Fatalf("after its end: %s", got)
	}
	if got := texts(w.lay("a", 2)); got != "[]" {
		t.Fatalf("who comes back late: %s", got)
	}
	w.tap("", verdict(w.messages("held")[0], callbackd.DecisionRefuse)) // needs no lease
	if got := texts(w.lay("b", 2)); got != "[]" || w.queue().Holders[1].Leases != 0 {
		t.Fatalf("decided, and still there: %s %+v", got, w.queue())
	}
}

// queueFinds: held messages, late files, new names and pictures; CheckInvariants
// sees whether anything is missing or too much.
func queueFinds(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.voice("oA"))
	w.accept(w.text("oA", "two"))
	w.accept(w.text("oB", "three"))
	waiting := func(want int, when string) {
		t.Helper()
		CheckInvariants(t, w.db)
		if n := w.queue().Waiting; n != want {
			t.Fatalf("%s: %d wait, want %d", when, n, want)
		}
	}
	waiting(3, "held")
	rows := w.messages("held")
	slices.Reverse(rows)
	for _, r := range rows {
		w.decide(r, callbackd.DecisionApprove)
	}
	waiting(0, "approved")
	w.carded("oA", "小明")
	waiting(1, "a name") // of the newest message of oA, not of both
	if got := texts(w.lay("a", 9)); got != "[two]" {
		t.Fatalf("the name is on %s", got)
	}
	w.must(w.db.SetMediaReady(ctx, rows[0].Media.ID, madeVoice()))
	waiting(2, "a late file")
	w.pictured("oA", "face")
	waiting(2, "a picture beside the name")
	w.decide(w.message(rows[1].Message.PublicID), callbackd.DecisionRemove)
	waiting(1, "the one with the name taken down, the other carries it")
	w.must(w.db.UnsetPerson(ctx, w.acc.ID, "foA", "oA"))
	waiting(1, "no longer that person; the file still waits")
	w.decide(w.message(rows[0].Message.PublicID), callbackd.DecisionApprove)
	waiting(0, "all approved")
	w.carded("oA", "小明")
	w.acc.Moderation = callbackd.ModerationAuto
	w.must(w.db.SetAccount(ctx, w.acc, "test"))
	w.carded("oB", "小红")
	ruled := w.text("oB", "shown by a rule")
	ruled.Found = callbackd.Findings{Lists: true}
	w.accept(ruled)
	waiting(2, "one for each name")
}

func queueOnce(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.text("oA", "x"))
	w.accept(w.text("oA", "y"))
	rows := w.messages("held")
	if out := w.tap("one", verdict(rows[0], callbackd.DecisionRefuse)); len(out.Done) != 1 || out.Batch != "one" {
		t.Fatalf("%+v", out)
	}
	late, err := w.db.Decide(ctx, w.acc.ID, store.By{Actor: "operator:b", Batch: "two"},
		[]store.Verdict{verdict(rows[0], callbackd.DecisionApprove), verdict(rows[1], callbackd.DecisionApprove)})
	if err != nil || len(late.Late) != 1 || late.Late[0] != rows[0].Message.PublicID || len(late.Done) != 1 {
		t.Fatalf("the second one: %+v, %v", late, err)
	}
	if s := w.message(rows[0].Message.PublicID).Message.State; s != callbackd.StateRefused {
		t.Fatalf("decided twice: %s", s)
	}
	rev := w.rev()
	again := w.tap("two", verdict(rows[0], callbackd.DecisionApprove), verdict(rows[1], callbackd.DecisionApprove))
	if len(again.Done) != 1 || len(again.Late) != 1 || w.rev() != rev {
		t.Fatalf("the same tap again: %+v", again)
	}
	if _, err := w.db.Decide(ctx, w.acc.ID, store.By{}, []store.Verdict{{Message: "none", Decision: callbackd.DecisionApprove}}); !errors.Is(err, callbackd.ErrNotFound) {
		t.Fatalf("no such message: %v", err)
	}
	if _, err := w.db.Decide(ctx, w.acc.ID, store.By{}, make([]store.Verdict, store.MaxVerdicts+1)); !errors.Is(err, callbackd.ErrInvalid) {
		t.Fatalf("too many: %v", err)
	}
}

func queueUnseen(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.voice("oA"))
	seen := w.messages("held")[0]
	id := seen.Message.PublicID
	w.must(w.db.SetMediaReady(ctx, seen.Media.ID, madeVoice()))
	w.carded("oA", "坏名字")
	w.pictured("oA", "bad")
	w.tap("", verdict(seen, callbackd.DecisionApprove))
	r := w.message(id)
	if r.Message.State != callbackd.StateShown || r.Media.Passed || r.Sender.PassedName != "" || r.Sender.PassedAvatar != "" {
		t.Fatalf("passed unseen: %s, file %v, name %q, picture %q", r.Message.State, r.Media.Passed, r.Sender.PassedName, r.Sender.PassedAvatar)
	}
	if w.queue().Waiting != 1 {
		t.Fatal("what came between does not wait")
	}
	w.carded("oA", "好名字") // and again: file and picture were seen, this name was not
	w.tap("", verdict(r, callbackd.DecisionApprove))
	if now := w.message(id); !now.Media.Passed || now.Sender.PassedName != "" || now.Sender.PassedAvatar == "" || now.Message.QueuedAt.IsZero() {
		t.Fatalf("file %v, name %q, picture %q, queued %v", now.Media.Passed, now.Sender.PassedName, now.Sender.PassedAvatar, now.Message.QueuedAt)
	}
	w.tap("", verdict(w.message(id), callbackd.DecisionApprove))
	if now := w.message(id); now.Sender.PassedName != "好名字" || !now.Message.QueuedAt.IsZero() {
		t.Fatalf("name %q, queued %v", now.Sender.PassedName, now.Message.QueuedAt)
	}
}

func queueSender(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	for i := range store.MaxVerdicts + 3 {
		w.accept(w.text("oA", fmt.Sprint(i)))
	}
	w.accept(w.voice("oB"))
	w.accept(w.voice("oB"))
	w.carded("oB", "小红")
	held := w.messages("held")
	b, first, second, a := held[0].Sender, held[1], held[0], held[2].Sender
	w.must(w.db.SetMediaReady(ctx, first.Media.ID, madeVoice()))
	looked := w.clock.Now()
	w.clock.Advance(time.Second)
	w.must(w.db.SetMediaReady(ctx, second.Media.ID, madeVoice()))
	w.accept(w.text("oB", "after the look"))
	all := func(sender callbackd.Sender, d callbackd.Decision, batch string) store.Decided {
		t.Helper()
		out, err := w.db.DecideSender(ctx, w.acc.ID, store.By{Actor: "operator:a", Batch: batch},
			store.SenderVerdict{Sender: sender.PublicID, Decision: d, LookedAt: looked, Seen: store.SeenOf(w.message(first.Message.PublicID))})
		w.must(err)
		return out
	}
	if out := all(a, callbackd.DecisionRefuse, "a"); len(out.Done) != store.MaxVerdicts+3 || len(w.messages("refused")) != store.MaxVerdicts+3 {
		t.Fatalf("refused %d", len(out.Done))
	}
	if out := all(b, callbackd.DecisionApprove, "b"); len(out.Done) != 2 || len(w.messages("held")) != 1 {
		t.Fatalf("approved %d", len(out.Done))
	}
	one, two := w.message(first.Message.PublicID), w.message(second.Message.PublicID)
	if !one.Media.Passed || two.Media.Passed || one.Sender.PassedName != "小红" {
		t.Fatalf("files passed: %v, %v; name %q", one.Media.Passed, two.Media.Passed, one.Sender.PassedName)
	}
	if out := all(b, callbackd.DecisionRemove, "c"); len(out.Done) != 2 || len(w.wall()) != 0 {
		t.Fatalf("taken down %d", len(out.Done))
	}
	if out, err := w.db.Undo(ctx, w.acc.ID, store.By{Actor: "operator:a", Batch: "c"}); err != nil || len(out.Done) != 2 || len(w.wall()) != 2 {
		t.Fatalf("back again: %+v, %v", out, err)
	}
	if out := all(b, callbackd.DecisionRemove, "c"); len(out.Done) != 0 || len(w.wall()) != 2 {
		t.Fatalf("a repeat that comes after the undo: %+v", out)
	}
}

func queueRings(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	rings, stop := w.db.Listen()
	defer stop()
	expect := func(what string, do func()) {
		t.Helper()
		for len(rings) > 0 {
			<-rings
		}
		do()
		select {
		case r := <-rings:
			if !r.Queue {
				t.Errorf("%s: %+v", what, r)
			}
		default:
			t.Errorf("%s: nobody was told", what)
		}
	}
	expect("a held message", func() { w.accept(w.text("oA", "x")) })
	expect("a moderator comes", func() { w.lay("a", 1) })
	expect("a decision", func() { w.tap("one", verdict(w.messages("held")[0], callbackd.DecisionApprove)) })
	expect("a name", func() { w.carded("oA", "小明") })
	expect("an undo", func() { w.must(errOf(w.db.Undo(ctx, w.acc.ID, store.By{Batch: "one"}))) })
	expect("a moderator leaves", func() { w.must(w.db.ReleaseQueue(ctx, w.acc.ID, "a")) })
	for len(rings) > 0 {
		<-rings
	}
	w.lay("a", 1)
	<-rings
	w.lay("a", 1)
	if len(rings) != 0 {
		t.Error("a claim that changes nothing rings, and all pages claim again")
	}
}

func errOf[T any](_ T, err error) error { return err }
