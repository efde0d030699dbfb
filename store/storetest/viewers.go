package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"callbackd"
)

// viewer is a new viewer of the account, bound to nobody.
func (w *world) viewer() callbackd.Viewer {
	w.Helper()
	v, err := w.db.InsertViewer(ctx, w.acc.ID, []byte(callbackd.NewPublicID()))
	w.must(err)
	return v
}

func exerciseViewers(t *testing.T, h Harness) {
	t.Run("KnownByTheDigestOfItsToken", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v, err := w.db.InsertViewer(ctx, w.acc.ID, []byte("digest"))
		w.must(err)
		for name, get := range map[string]func() (callbackd.Viewer, error){
			"token": func() (callbackd.Viewer, error) { return w.db.GetViewerByToken(ctx, []byte("digest")) },
			"key":   func() (callbackd.Viewer, error) { return w.db.GetViewer(ctx, v.ID) },
		} {
			if got, err := get(); err != nil || !got.SeenAt.Equal(v.SeenAt) || got.ID != v.ID || got.PublicID != v.PublicID || got.Account != w.acc.ID || got.Sender != 0 {
				t.Errorf("by %s: %+v, %v", name, got, err)
			}
		}
		if _, err := w.db.GetViewerByToken(ctx, []byte("another")); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("another token: %v", err)
		}
		if _, err := w.db.InsertViewer(ctx, w.acc.ID, []byte("digest")); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("the same token: %v", err)
		}
	})
	t.Run("BindingIsOverInTimeOrReplaced", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v := w.viewer()
		if _, err := w.db.GetBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("none yet: %v", err)
		}
		w.must(w.db.StartBinding(ctx, v, "ABCD2345", w.clock.Now().Add(time.Minute)))
		w.must(w.db.StartBinding(ctx, v, "EFGH2345", w.clock.Now().Add(5*time.Minute)))
		if b, err := w.db.GetBinding(ctx, v.ID); err != nil || b.State != callbackd.BindingWaiting || b.Sender != 0 || !b.ExpiresAt.Equal(w.clock.Now().Add(5*time.Minute)) {
			t.Fatalf("%+v, %v", b, err)
		}
		if err := w.db.StartBinding(ctx, w.viewer(), "EFGH2345", w.clock.Now().Add(time.Minute)); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("a code that another one has: %v", err)
		}
		if _, err := w.db.ConfirmBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("confirmed without the follower: %v", err)
		}
		w.clock.Advance(5 * time.Minute)
		if _, err := w.db.GetBinding(ctx, v.ID); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("over: %v", err)
		}
	})
	t.Run("TheQROfABindingIsItsAloneAndEndsWithIt", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		v, other := w.viewer(), w.viewer()
		first, second := w.clock.Now().Add(time.Minute), w.clock.Now().Add(5*time.Minute)
		want := func(when string, v callbackd.Viewer, want callbackd.Secret) {
			t.Helper()
			qr, err := w.db.GetBindingQR(ctx, v.ID)
			if qr != want || want == "" && !errors.Is(err, callbackd.ErrNotFound) || want != "" && err != nil {
				t.Errorf("%s: %q, %v", when, qr.Reveal(), err)
			}
		}
		w.must(w.db.StartBinding(ctx, v, "ABCD2345", first))
		want("no QR yet", v, "")
		w.must(w.db.SetBindingQR(ctx, v.ID, first, "http://weixin.example/q/1"))
		want("the first", v, "http://weixin.example/q/1")
		want("another viewer", other, "")
		w.must(w.db.StartBinding(ctx, v, "EFGH2345", second))
		want("the first one's in the second", v, "")
		w.must(w.db.SetBindingQR(ctx, v.ID, first, "http://weixin.example/q/1"))
		want("the first one's, late", v, "")
		w.must(w.db.SetBindingQR(ctx, v.ID, second, "http://weixin.example/q/2"))
		want("the second", v, "http://weixin.example/q/2")
		w.clock.Advance(5 * time.Minute)
		want("over", v, "")
	})
	t.Run("ChangesOfPreferencesAllCount", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		sender := w.sender("oA")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := w.db.ChangePreferences(ctx, w.acc.ID, sender, func(p *callbackd.Preferences) error { p.IdleAfterS++; return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wrong := errors.New("no")
		if _, err := w.db.ChangePreferences(ctx, w.acc.ID, sender, func(p *callbackd.Preferences) error { p.IdleAfterS = 0; return wrong }); !errors.Is(err, wrong) {
			t.Errorf("%v", err)
		}
		if p, err := w.db.GetPreferences(ctx, sender); err != nil || p.IdleAfterS != callbackd.IdleAfterDefault+20 {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("PreferencesAreTheDefaultsUntilTheyAreSet", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "x"))
		sender := w.wall()[0].Sender.ID
		if p, err := w.db.GetPreferences(ctx, sender); err != nil || p != callbackd.DefaultPreferences() {
			t.Fatalf("%+v, %v", p, err)
		}
		want := callbackd.Preferences{Receive: true, Detail: callbackd.LevelWords, IdleAfterS: 60, PhoneToo: true,
			Quiet: &callbackd.Quiet{From: "22:00", To: "08:00", Zone: "Asia/Shanghai", MentionsPass: true}}
		w.must(w.db.SetPreferences(ctx, w.acc.ID, sender, want))
		p, err := w.db.GetPreferences(ctx, sender)
		w.must(err)
		if p.Quiet == nil || *p.Quiet != *want.Quiet {
			t.Fatalf("quiet: %+v", p.Quiet)
		}
		if p.Quiet = want.Quiet; p != want {
			t.Fatalf("%+v", p)
		}
		want.Quiet = nil
		w.must(w.db.SetPreferences(ctx, w.acc.ID, sender, want))
		if p, err := w.db.GetPreferences(ctx, sender); err != nil || p != want {
			t.Fatalf("without quiet hours: %+v, %v", p, err)
		}
	})
}
