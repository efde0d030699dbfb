package storetest

import (
	"testing"

	"callbackd"
	"callbackd/store"
)

// chain starts to tell a follower of a new message and returns it.
func (w *world) chain(to callbackd.SenderID) store.Delivery {
	w.Helper()
	w.accept(w.text("oAuthor", "hello"))
	about := w.messages(callbackd.StateShown)[0].Message.ID
	w.must(w.db.InsertNotices(ctx, store.Matter{Account: w.acc.ID, Sort: store.NoticeMessage, Message: about},
		[]store.NewNotice{{ID: callbackd.NewNoticeID(), Sender: to, Reason: callbackd.ReasonReceive, Why: "receiving", Chain: "{}", DueAt: w.clock.Now()}}))
	all, err := w.db.ListDeliveriesAbout(ctx, []callbackd.MessageID{about})
	w.must(err)
	if len(all) != 1 {
		w.Fatalf("%d chains of one follower and message", len(all))
	}
	return all[0]
}

// step is a chain's step by a node; ended: its last one.
func (w *world) step(d store.Delivery, node, ended string) {
	w.Helper()
	s := store.DeliveryStep{Notice: d.Notice, Scope: d.Scope, Sender: d.Sender, Rev: d.Rev, Chain: "{}", Ended: ended, DueAt: w.clock.Now(), Node: node}
	saved, err := w.db.SaveDeliveries(ctx, []store.DeliveryStep{s})
	w.must(err)
	if !saved[0] {
		w.Fatal("a step was not stored")
	}
}

func exerciseDeliveries(t *testing.T, h Harness) {
	t.Run("WhatTheDeadStepped", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		reader := w.accept(w.text("oReader", "hello")).Sender
		left := func(node string) (all []int64) {
			t.Helper()
			found, err := w.db.ListDeliveriesLeft(ctx, node)
			w.must(err)
			for _, d := range found {
				all = append(all, d.Notice)
			}
			return all
		}
		out, ended := w.chain(reader), w.chain(reader)
		w.chain(reader) // nobody has stepped it: it is due, and not left
		w.step(out, "first", "")
		w.step(ended, "first", "inbox")
		w.must(w.db.AdoptDeliveries(ctx, "second", "first"))
		// and the second dies before it has looked at them
		w.must(w.db.AdoptDeliveries(ctx, "third", "second"))
		if got := left("third"); len(got) != 1 || got[0] != out.Notice {
			t.Errorf("left: %v, want %d alone", got, out.Notice)
		}
		if got := append(left("first"), left("second")...); len(got) > 0 {
			t.Errorf("the dead have %v", got)
		}
	})
	t.Run("WhatNobodyDeadStepped", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.chain(w.accept(w.text("oReader", "hello")).Sender)
		w.must(w.db.AdoptDeliveries(ctx, "first", ""))
		if got, err := w.db.ListDeliveriesLeft(ctx, "first"); err != nil || len(got) > 0 {
			t.Errorf("a first start has left %v, %v", got, err)
		}
	})
}
