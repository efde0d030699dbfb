package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"callbackd"
)

func exerciseOperators(t *testing.T, h Harness) {
	everything := callbackd.Grant{Everything: true}
	t.Run("RolesAndNames", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		o, err := w.db.InsertOperator(ctx, "Wang", "hash", callbackd.Grant{Account: w.acc.ID, Role: callbackd.RoleAdmin}, "test")
		w.must(err)
		if _, err := w.db.InsertOperator(ctx, "wａng", "hash", everything, "test"); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("the same name in other letters: %v", err)
		}
		got, err := w.db.GetOperatorByName(ctx, "WANG")
		if err != nil || got.ID != o.ID || got.Role(w.acc.ID) != callbackd.RoleAdmin || got.Role(w.acc.ID+1) != "" || got.Password != "hash" {
			t.Fatalf("%+v, %v", got, err)
		}
		w.must(w.db.SetOperatorRole(ctx, o.ID, w.acc.ID, "", "test"))
		w.must(w.db.SetOperatorPassword(ctx, o.ID, "other", "test"))
		got, err = w.db.GetOperator(ctx, o.ID)
		if err != nil || got.Role(w.acc.ID) != "" || got.SessionRev != o.SessionRev+1 {
			t.Errorf("after: %+v, %v", got, err)
		}
		w.must(w.db.InsertOperatorLink(ctx, []byte("way back"), everything, w.clock.Now().Add(time.Hour), "operator:Wang"))
		w.must(w.db.DeleteOperator(ctx, o.ID, "test"))
		if _, err := w.db.GetOperatorLink(ctx, []byte("way back")); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("a link of whoever was removed: %v", err)
		}
		if err := w.db.DeleteOperator(ctx, o.ID, "test"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("again: %v", err)
		}
	})
	t.Run("SecondFactorOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		o, err := w.db.InsertOperator(ctx, "wang", "hash", everything, "test")
		w.must(err)
		w.must(w.db.SetTwoFactor(ctx, o.ID, "secret", [][]byte{[]byte("one"), []byte("two")}, "test"))
		if s, err := w.db.GetTwoFactor(ctx, o.ID); err != nil || s.Reveal() != "secret" {
			t.Fatalf("%v", err)
		}
		for i, want := range []bool{true, false, false, true} {
			if ok, err := w.db.UseTwoFactorStep(ctx, o.ID, []int64{7, 7, 6, 8}[i]); ok != want || err != nil {
				t.Errorf("step %d: %v, %v", i, ok, err)
			}
		}
		for i, want := range []bool{true, false} {
			if ok, err := w.db.UseRecoveryCode(ctx, o, []byte("two")); ok != want || err != nil {
				t.Errorf("code %d: %v, %v", i, ok, err)
			}
		}
		w.must(w.db.SetTwoFactor(ctx, o.ID, "", nil, "test"))
		if s, err := w.db.GetTwoFactor(ctx, o.ID); s != "" || err != nil {
			t.Errorf("off: %v", err)
		}
	})
	t.Run("ALinkIsSpentOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.must(w.db.InsertOperatorLink(ctx, []byte("link"), everything, w.clock.Now().Add(time.Hour), "test"))
		w.must(w.db.InsertOperatorLink(ctx, []byte("old"), everything, w.clock.Now(), "test"))
		if _, err := w.db.GetOperatorLink(ctx, []byte("old")); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("over: %v", err)
		}
		_, err := w.db.InsertModeratorLink(ctx, w.acc.ID, "门口", []byte("token"), w.clock.Now().Add(time.Hour), "test")
		w.must(err)
		var made, opened atomic.Int32
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				if _, err := w.db.UseOperatorLink(ctx, []byte("link"), string(rune('a'+i)), "hash"); err == nil {
					made.Add(1)
				} else if !errors.Is(err, callbackd.ErrNotFound) {
					t.Errorf("a spent link: %v", err)
				}
				if _, err := w.db.OpenModeratorLink(ctx, []byte("token"), "phone"); err == nil {
					opened.Add(1)
				} else if !errors.Is(err, callbackd.ErrNotFound) {
					t.Errorf("a taken link: %v", err)
				}
			})
		}
		all.Wait()
		if n, err := w.db.CountOperators(ctx); made.Load() != 1 || opened.Load() != 1 || n != 1 || err != nil {
			t.Errorf("%d operators made (%d rows), %d links opened, %v", made.Load(), n, opened.Load(), err)
		}
	})
	t.Run("SessionsAndLinksEnd", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.must(w.db.SetDeskSession(ctx, "a", []byte("1"), w.clock.Now().Add(time.Hour)))
		w.must(w.db.SetDeskSession(ctx, "a", []byte("2"), w.clock.Now().Add(time.Hour)))
		if b, ok, err := w.db.GetDeskSession(ctx, "a"); string(b) != "2" || !ok || err != nil {
			t.Errorf("%q %v %v", b, ok, err)
		}
		w.must(w.db.DeleteDeskSession(ctx, "a"))
		w.must(w.db.SetDeskSession(ctx, "a", []byte("3"), w.clock.Now().Add(time.Hour))) // by a request that began before
		if _, ok, err := w.db.GetDeskSession(ctx, "a"); ok || err != nil {
			t.Errorf("ended: %v %v", ok, err)
		}
		w.must(w.db.SetDeskSession(ctx, "a2", []byte("2"), w.clock.Now().Add(time.Hour)))
		l, err := w.db.InsertModeratorLink(ctx, w.acc.ID, "门口", []byte("token"), w.clock.Now().Add(time.Hour), "test")
		w.must(err)
		w.clock.Advance(time.Hour)
		if _, ok, err := w.db.GetDeskSession(ctx, "a2"); ok || err != nil {
			t.Errorf("over: %v %v", ok, err)
		}
		if _, err := w.db.OpenModeratorLink(ctx, []byte("token"), "phone"); !errors.Is(err, callbackd.ErrNotFound) || l.Alive(w.clock.Now()) {
			t.Errorf("a link that is over: %v", err)
		}
		w.clock.Advance(31 * 24 * time.Hour)
		_, err = w.db.Prune(ctx, time.Hour)
		w.must(err)
		if links, err := w.db.ListModeratorLinks(ctx, w.acc.ID); len(links) != 0 || err != nil {
			t.Errorf("%d links kept, %v", len(links), err)
		}
	})
}
