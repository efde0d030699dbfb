package storetest

import (
	"errors"
	"testing"

	"callbackd"
	"callbackd/store"
)

func (w *world) undo(batch string) store.Decided {
	w.Helper()
	out, err := w.db.Undo(ctx, w.acc.ID, store.By{Actor: "operator:b", Batch: batch, Holder: "a"})
	w.must(err)
	return out
}

func exerciseUndo(t *testing.T, h Harness) {
	t.Run("EveryStepIsTakenBack", func(t *testing.T) { undoSteps(t, h) })
	t.Run("WhatPassedIsTakenBack", func(t *testing.T) { undoPassing(t, h) })
	t.Run("NothingNewerStandsOnIt", func(t *testing.T) { undoNewer(t, h) })
	t.Run("ANameStaysWhileADecisionStandsForIt", func(t *testing.T) { undoNames(t, h) })
	t.Run("TheTrailTellsIt", func(t *testing.T) { undoTrail(t, h) })
}

func undoSteps(t *testing.T, h Harness) {
	for _, c := range []struct {
		before []callbackd.Decision
		step   callbackd.Decision
		back   callbackd.State
		queued bool
	}{
		{nil, callbackd.DecisionApprove, callbackd.StateHeld, true},
		{nil, callbackd.DecisionRefuse, callbackd.StateHeld, true},
		{[]callbackd.Decision{callbackd.DecisionApprove}, callbackd.DecisionRemove, callbackd.StateShown, false},
		{[]callbackd.Decision{callbackd.DecisionRefuse}, callbackd.DecisionApprove, callbackd.StateRefused, false},
		{[]callbackd.Decision{callbackd.DecisionApprove, callbackd.DecisionRemove}, callbackd.DecisionApprove, callbackd.StateRemoved, false},
	} {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "x"))
		id := w.messages("")[0].Message.PublicID
		for _, d := range c.before {
			w.decide(w.message(id), d)
		}
		w.lay("a", 5)
		was := w.message(id)
		w.tap("one", verdict(was, c.step))
		rev := w.rev()
		w.undo("one")
		now := w.message(id)
		if now.Message.State != c.back || now.Message.QueuedAt.IsZero() == c.queued || now.Sender.Approved != was.Sender.Approved || now.Sender.Removed != was.Sender.Removed {
			t.Errorf("%v, %s: %s, queued %v, counts %d %d", c.before, c.step, now.Message.State, now.Message.QueuedAt, now.Sender.Approved, now.Sender.Removed)
		}
		if was.Message.QueuedAt != now.Message.QueuedAt {
			t.Errorf("%s: it lost its place in the queue: %v, was %v", c.step, now.Message.QueuedAt, was.Message.QueuedAt)
		}
		if c.queued && texts(w.lay("a", 5)) != "[x]" {
			t.Errorf("%s: it does not lie before the one who took it back", c.step)
		}
		if public := c.step != callbackd.DecisionRefuse; public != (w.rev() > rev) {
			t.Errorf("%s: walls are told: %v", c.step, w.rev() > rev)
		}
		seq := now.Message.Seq
		w.must(w.db.Moderate(ctx, w.acc.ID, id, callbackd.DecisionApprove, "test")) // and it can be decided again
		if again := w.message(id).Message; again.State != callbackd.StateShown || seq != 0 && again.Seq != seq {
			t.Errorf("%s: decided again: %s, seq %d, was %d", c.step, again.State, again.Seq, seq)
		}
	}
}

func undoPassing(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.voice("oA"))
	w.accept(w.text("oA", "another"))
	id, other := w.messages("held")[1].Message.PublicID, w.messages("held")[0].Message.PublicID
	w.tap("other", verdict(w.message(other), callbackd.DecisionApprove))
	w.must(w.db.SetMediaReady(ctx, w.message(id).Media.ID, madeVoice()))
	w.carded("oA", "小明")
	w.pictured("oA", "face")
	w.tap("one", verdict(w.message(id), callbackd.DecisionApprove))
	if r := w.message(id); !r.Media.Passed || r.Sender.PassedName != "小明" || r.Sender.PassedAvatar == "" {
		t.Fatalf("%+v", r.Sender)
	}
	rev := w.message(other).Message.Rev
	w.undo("one")
	if r := w.message(id); r.Media.Passed || r.Sender.PassedName != "" || r.Sender.PassedAvatar != "" {
		t.Fatalf("still passed: file %v, name %q, picture %q", r.Media.Passed, r.Sender.PassedName, r.Sender.PassedAvatar)
	}
	if w.message(other).Message.Rev == rev {
		t.Fatal("walls are not told that the name is gone from another message")
	}
	// late things on a shown message
	w.tap("two", verdict(w.message(other), callbackd.DecisionApprove))
	w.undo("two")
	if r := w.message(other); r.Message.State != callbackd.StateShown || r.Sender.PassedName != "" || r.Message.QueuedAt.IsZero() {
		t.Fatalf("%s, name %q, queued %v", r.Message.State, r.Sender.PassedName, r.Message.QueuedAt)
	}
}

func undoNewer(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.text("oA", "x"))
	w.accept(w.text("oA", "y"))
	id, second := w.messages("held")[1].Message.PublicID, w.messages("held")[0].Message.PublicID
	w.tap("one", verdict(w.message(id), callbackd.DecisionApprove), verdict(w.message(second), callbackd.DecisionApprove))
	w.tap("two", verdict(w.message(id), callbackd.DecisionRemove))
	if out := w.undo("one"); len(out.Done) != 1 || len(out.Late) != 1 || out.Late[0] != id {
		t.Fatalf("%+v", out)
	}
	if s := w.message(id).Message.State; s != callbackd.StateRemoved {
		t.Fatalf("%s", s)
	}
	w.undo("two")
	w.undo("one")
	w.undo("one") // again: nothing
	if s := w.message(id).Message.State; s != callbackd.StateHeld {
		t.Fatalf("one after the other: %s", s)
	}
	w.tap("three", verdict(w.message(id), callbackd.DecisionApprove))
	w.tap("four", verdict(w.message(id), callbackd.DecisionRemove))
	if _, err := w.db.Undo(ctx, w.acc.ID, store.By{Batch: "three"}); !errors.Is(err, callbackd.ErrConflict) {
		t.Fatalf("something newer stands on it: %v", err)
	}
	if _, err := w.db.Undo(ctx, w.acc.ID, store.By{Batch: "none"}); !errors.Is(err, callbackd.ErrNotFound) {
		t.Fatalf("no such tap: %v", err)
	}
	other := w.account("other", callbackd.ModerationHold)
	if _, err := w.db.Undo(ctx, other.ID, store.By{Batch: "four"}); !errors.Is(err, callbackd.ErrNotFound) {
		t.Fatalf("another account's tap: %v", err)
	}
}

// undoNames: two approvals saw the name; it goes when both are taken back.
func undoNames(t *testing.T, h Harness) {
	for _, order := range [][2]string{{"one", "two"}, {"two", "one"}} {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.carded("oA", "小明")
		w.pictured("oA", "face")
		w.accept(w.text("oA", "x"))
		w.accept(w.text("oA", "y"))
		held := w.messages("held")
		w.tap("one", verdict(held[0], callbackd.DecisionApprove))
		w.tap("two", verdict(held[1], callbackd.DecisionApprove))
		passed := func() bool {
			s := w.message(held[0].Message.PublicID).Sender
			return s.PassedName != "" && s.PassedAvatar != ""
		}
		if w.undo(order[0]); !passed() {
			t.Errorf("%v: the other approval saw the name, too", order)
		}
		if w.undo(order[1]); passed() {
			t.Errorf("%v: nobody stands for the name, and it is public", order)
		}
	}
}

func undoTrail(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.text("oA", "x"))
	w.accept(w.text("oA", "y"))
	held := w.messages("held")
	w.tap("one", verdict(held[0], callbackd.DecisionApprove), verdict(held[1], callbackd.DecisionApprove))
	w.tap("two", verdict(w.message(held[0].Message.PublicID), callbackd.DecisionRemove))
	w.undo("two")
	trail, err := w.db.ListTrail(ctx, w.acc.ID, 10)
	w.must(err)
	if len(trail) != 2 || trail[0].Batch != "two" || !trail[0].Undone || trail[0].UndoneBy != "operator:b" || trail[0].Action != callbackd.DecisionRemove ||
		trail[1].Messages != 2 || trail[1].Undone || trail[1].Actor != "operator:a" {
		t.Fatalf("%+v", trail)
	}
	entries, err := w.db.ListAudit(ctx, w.acc.ID, 0, 1)
	w.must(err)
	if e := entries[0]; e.Action != "undo remove" || e.Actor != "operator:b" || e.Detail != "removed → shown" {
		t.Fatalf("%+v", e)
	}
}
