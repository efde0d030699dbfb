package storetest

import (
	"errors"
	"testing"
	"time"

	"callbackd"
)

func exerciseConnection(t *testing.T, h Harness) {
	t.Run("WhatSeveralSawIsOne", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		if c, err := w.db.GetConnection(ctx, w.acc.ID); err != nil || c.Platform != nil || !c.CheckAt.IsZero() {
			t.Fatalf("of a new account: %+v, %v", c, err)
		}
		at := w.clock.Now()
		late := callbackd.Visit{At: at.Add(time.Minute), Kind: callbackd.VisitMessage, Outcome: "accepted", Mode: callbackd.ModeSafe, From: callbackd.AddressWorld}
		refused := callbackd.Visit{At: at, Kind: callbackd.VisitCheck, Outcome: "forged", Flaw: callbackd.FlawToken}
		w.must(w.db.MergeConnection(ctx, w.acc.ID, callbackd.Connection{Platform: &late, MessageAt: late.At, SafeAt: late.At}))
		w.must(h.Again(t).MergeConnection(ctx, w.acc.ID, callbackd.Connection{CheckAt: at, Refused: &refused, MessageAt: at.Add(2 * time.Minute)}))
		c, err := w.db.GetConnection(ctx, w.acc.ID)
		w.must(err)
		if c.Platform == nil || *c.Platform != late || c.Refused == nil || *c.Refused != refused || !c.CheckAt.Equal(at) || !c.MessageAt.Equal(late.At) || !c.SafeAt.Equal(late.At) {
			t.Errorf("%+v", c)
		}
	})
	t.Run("NewSecretsBeginAnew", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		at := w.clock.Now()
		w.must(w.db.MergeConnection(ctx, w.acc.ID, callbackd.Connection{CheckAt: at}))
		w.clock.Advance(time.Hour)
		checked := func() bool {
			c, err := w.db.GetConnection(ctx, w.acc.ID)
			w.must(err)
			return !c.CheckAt.IsZero()
		}
		w.acc.Name = "another name"
		w.must(w.db.SetAccount(ctx, w.acc, "test"))
		if !checked() {
			t.Error("a new name ended the connection")
		}
		for _, replace := range []func(){func() { w.acc.Token = "another" }, func() { w.acc.AESKey = "another" }} {
			replace()
			w.must(w.db.SetAccount(ctx, w.acc, "test"))
			w.must(w.db.MergeConnection(ctx, w.acc.ID, callbackd.Connection{CheckAt: at})) // written late
			if checked() {
				t.Error("a check with the old secrets counts")
			}
			w.clock.Advance(time.Second)
			w.must(w.db.MergeConnection(ctx, w.acc.ID, callbackd.Connection{CheckAt: w.clock.Now()}))
			if !checked() {
				t.Error("a check with the new secrets does not count")
			}
		}
	})
	t.Run("OfNoAccountIsRefused", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		if err := w.db.MergeConnection(ctx, 12345, callbackd.Connection{CheckAt: w.clock.Now()}); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("err = %v", err)
		}
	})
}
