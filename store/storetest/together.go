package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// exerciseTogether has everything that writes rows of one account at work at
// once: nothing may wait for what waits for it.
func exerciseTogether(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	other := w.account("autumn", callbackd.ModerationOpen)
	const people = 6
	var faces []store.Resolution
	for i := range people {
		r := store.Resolution{FakeID: callbackd.FakeID(fmt.Sprint("fake", i)), OpenID: callbackd.OpenID(fmt.Sprint("o", i)),
			Profile: callbackd.Profile{Nickname: fmt.Sprint("n", i)}}
		faces = append(faces, r)
	}
	var crowd, others sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	check := func(what string, err error) {
		if err != nil && ctx.Err() == nil && !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := range 8 {
		crowd.Go(func() {
			for i := range 25 {
				cb := w.together(n, i, faces[(n*i+i)%people].OpenID)
				if (n+i)%2 == 1 {
					cb.Account = other
				}
				_, err := w.db.Accept(ctx, cb)
				check("accept", err)
			}
		})
	}
	again := func(what string, fn func(i int) error) {
		others.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				check(what, fn(i))
			}
		})
	}
	again("set person", func(i int) error { return w.db.SetPerson(ctx, w.acc.ID, faces[i%people]) })
	again("take person back", func(i int) error {
		return w.db.UnsetPerson(ctx, w.acc.ID, faces[i*5%people].FakeID, faces[i*5%people].OpenID)
	})
	again("put searches off", func(int) error { return w.putOff(ctx) })
	again("wake account", func(int) error { return w.db.WakeAccount(ctx, w.acc) })
	again("end media", func(int) error { return w.endOneMedia(ctx) })
	again("moderate", func(i int) error { return w.takeOneDown(ctx) })
	w.noticesTogether(ctx, again, other)
	crowd.Wait()
	stop()
	others.Wait()
}

// noticesTogether binds, registers, unbinds and forgets beside the rest, all of it
// in both accounts.
func (w *world) noticesTogether(ctx context.Context, again func(string, func(int) error), other *callbackd.Account) {
	var mu sync.Mutex // guards viewers
	var viewers []callbackd.Viewer
	some := func(i int) callbackd.Viewer {
		mu.Lock()
		defer mu.Unlock()
		if len(viewers) == 0 {
			return callbackd.Viewer{}
		}
		return viewers[len(viewers)-1-i%min(len(viewers), 6)]
	}
	loses := func(err error) error { // to who was faster, which is no failure
		if errors.Is(err, callbackd.ErrConflict) || err != nil && strings.Contains(err.Error(), "just moved") {
			return nil
		}
		return err
	}
	again("bind", func(i int) error {
		v, err := w.bindTogether(ctx, i, other)
		if err == nil && v.Sender != 0 {
			mu.Lock()
			defer mu.Unlock()
			viewers = append(viewers, v)
		}
		return loses(err)
	})
	for n := range 2 {
		again("register", func(i int) error {
			_, _, err := w.db.InsertDevice(ctx, newDevice(some(i+n), fmt.Sprint("target ", i%2)))
			return loses(err)
		})
	}
	again("unbind", func(i int) error {
		_, err := w.db.UnbindViewer(ctx, some(i).ID)
		return err
	})
	again("unbind follower", func(i int) error {
		_, err := w.db.UnbindFollower(ctx, some(i).Sender)
		return err
	})
	again("give tokens", func(i int) error {
		a, b := some(i), some(i+1)
		if a.Sender == 0 || a.Account != b.Account {
			return nil
		}
		_, err := w.db.MentionTokens(ctx, a.ID, []callbackd.SenderID{b.Sender, a.Sender})
		return loses(err)
	})
	again("forget", func(int) error {
		w.clock.Advance(store.UnboundViewerLife * 20)
		_, err := w.db.Prune(ctx, store.RepeatLife)
		return err
	})
}

// bindTogether binds a new viewer in one of both accounts; the first account's
// next follower says yes. Sender is 0 where that went wrong.
func (w *world) bindTogether(ctx context.Context, i int, other *callbackd.Account) (callbackd.Viewer, error) {
	account := w.acc
	if i%2 == 1 {
		account = other
	}
	v, err := w.db.InsertViewer(ctx, account.ID, []byte(callbackd.NewPublicID()))
	if err != nil {
		return v, err
	}
	code := string(callbackd.NewPublicID())
	if err := w.db.StartBinding(ctx, v, code, w.clock.Now().Add(store.BoundViewerLife)); err != nil {
		return v, err
	}
	for n, c := range []callbackd.Command{{Kind: callbackd.CommandBind, Code: code}, {Kind: callbackd.CommandYes}} {
		cb := w.together(100+n, i, callbackd.OpenID(fmt.Sprint("o", i%6)))
		cb.Account, cb.Command, cb.Reply = account, &c, reply
		if _, err := w.db.Accept(ctx, cb); err != nil {
			return v, err
		}
	}
	v.Sender, err = w.db.ConfirmBinding(ctx, v.ID)
	return v, err
}

// together is a callback of one of many that come at once: a voice now and then.
func (w *world) together(n, i int, from callbackd.OpenID) *store.Callback {
	now := w.clock.Now()
	cb := &store.Callback{Account: w.acc, Key: fmt.Sprintf("key-%d-%d", n, i), Body: []byte("b"), ReceivedAt: now, CreateTime: now,
		Outcome: store.OutcomeAccepted, From: from, Search: true,
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: "t", SentAt: now, MsgID: uint64(n*1000 + i)}}
	if i%4 == 0 {
		cb.Message.Kind, cb.Media = callbackd.KindVoice, &callbackd.Media{WeChatID: "media-id"}
	}
	return cb
}

// putOff puts off all searches of the account, in another order than they came.
func (w *world) putOff(ctx context.Context) error {
	seekers, err := w.db.ListSeekers(ctx, w.acc.ID, w.clock.Now(), 100)
	if err != nil {
		return err
	}
	slices.Reverse(seekers)
	var out []store.Search
	for _, s := range seekers {
		out = append(out, store.Search{Sender: s.ID, Seen: s.DueAt, Due: s.DueAt.Add(-time.Second), Attempts: s.Attempts + 1})
	}
	return w.db.SetSearches(ctx, out)
}

func (w *world) endOneMedia(ctx context.Context) error {
	rows, err := w.db.ListMessages(ctx, w.acc.ID, store.MessageFilter{Limit: 50})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Media != nil && r.Media.State == callbackd.MediaPending {
			return w.db.SetMediaFailed(ctx, r.Media.ID, "gone")
		}
	}
	return nil
}

func (w *world) takeOneDown(ctx context.Context) error {
	rows, err := w.db.ListMessages(ctx, w.acc.ID, store.MessageFilter{State: callbackd.StateShown, Limit: 1})
	if err != nil || len(rows) == 0 {
		return err
	}
	return w.db.Moderate(ctx, w.acc.ID, rows[0].Message.PublicID, callbackd.DecisionRemove, "test")
}
