package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"callbackd"
)

func exerciseAccounts(t *testing.T, h Harness) {
	t.Run("EverythingComesBack", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		want := &callbackd.Account{Slug: "full", Name: "全", OriginalID: "gh_0123456789ab", AppID: "wx0123456789abcdef", AppSecret: "app-secret",
			Token: "token", AESKey: "aes", PreviousAESKey: "aes-before", PreviousAESKeyUntil: w.clock.Now(), Mode: callbackd.ModeSafe,
			Moderation: callbackd.ModerationAuto, JoinURL: "http://weixin.qq.com/r/x", Welcome: "hi", Owner: "acme", MPVerify: "AbCd1234",
			MPWeb:   &callbackd.MPWebLogin{Username: "u", Password: "p", Dialect: callbackd.Dialect2014},
			Resolve: []callbackd.Strategy{callbackd.StrategyUserPage, callbackd.StrategyMsgID},
			Filters: callbackd.FilterOptions{PerMinute: 3, Pinyin: true, Checker: "https://checker.example"}, CheckerSecret: "checker-secret",
			Notices: callbackd.NoticeOptions{Group: callbackd.GroupOptions{IgnoreMentions: true, MentionExclusive: true},
				Template: &callbackd.NoticeTemplate{ID: "template", TitleKey: "first", BodyKey: "second"}}}
		w.must(w.db.InsertAccount(ctx, want, "test"))
		got, err := w.db.GetAccount(ctx, "full")
		w.must(err)
		if got.AppSecret != "app-secret" || got.PreviousAESKey != "aes-before" || !got.PreviousAESKeyUntil.Equal(want.PreviousAESKeyUntil) ||
			got.MPWeb == nil || *got.MPWeb != *want.MPWeb || len(got.Resolve) != 2 || got.Welcome != "hi" || got.Owner != "acme" || got.JoinURL != want.JoinURL || got.MPVerify != want.MPVerify || got.Filters != want.Filters || got.CheckerSecret != want.CheckerSecret {
			t.Fatalf("%+v", got)
		}
		if got.Notices.Template == nil || *got.Notices.Template != *want.Notices.Template || got.Notices.Group != want.Notices.Group {
			t.Fatalf("%+v", got.Notices)
		}
		for code, want := range map[string]bool{"AbCd1234": true, "abcd1234": false, "": false} {
			if has, err := w.db.HasMPVerify(ctx, code); err != nil || has != want {
				t.Errorf("%q: %v, %v", code, has, err)
			}
		}
		got.MPWeb, got.AppSecret, got.Notices = nil, "", callbackd.NoticeOptions{}
		w.must(w.db.SetAccount(ctx, got, "test"))
		if again, err := w.db.GetAccountByID(ctx, got.ID); err != nil || again.MPWeb != nil || again.HasAPI() || again.Notices != got.Notices {
			t.Fatalf("%+v, %v", again, err)
		}
	})
	t.Run("TakenSlugIsAConflict", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		err := w.db.InsertAccount(ctx, &callbackd.Account{Slug: "spring", Token: "t"}, "test")
		if !errors.Is(err, callbackd.ErrConflict) {
			t.Fatalf("err = %v", err)
		}
	})
	t.Run("MissingIsNotFound", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		if _, err := w.db.GetAccount(ctx, "none"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("err = %v", err)
		}
	})
	t.Run("RemovedWithAllItHas", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.voice("oA"))
		row := w.wall()[0]
		w.must(w.db.SetMediaSource(ctx, row.Media.ID, w.acc.ID, "s/1"))
		w.must(w.db.SetMediaReady(ctx, row.Media.ID, madeVoice()))
		v := w.bind(w.viewer(), "oA")
		d := w.register(v, "t1")
		token, err := w.db.MentionToken(ctx, v.ID, v.Sender)
		w.must(err)
		w.command("oA", callbackd.CommandBind, "WXYZ2345", callbackd.CommandNone) // a wrong try
		w.notice(v.Sender, row.Message.ID)
		blobs, err := w.db.DeleteAccount(ctx, w.acc.ID, "test")
		w.must(err)
		if len(blobs) != 2 {
			t.Fatalf("blobs: %v", blobs)
		}
		for what, err := range map[string]error{
			"viewer": func() error { _, err := w.db.GetViewer(ctx, v.ID); return err }(),
			"device": func() error { _, err := w.db.OpenDevice(ctx, d.ID); return err }(),
		} {
			if !errors.Is(err, callbackd.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if who, err := w.db.ListMentionTokens(ctx, v.ID, []string{token}); err != nil || len(who) != 0 {
			t.Errorf("tokens: %v, %v", who, err)
		}
		again := w.account("spring", callbackd.ModerationOpen)
		w.acc = again
		w.accept(w.text("oA", "new start"))
		if rows := w.wall(); len(rows) != 1 || rows[0].Message.Seq != 1 {
			t.Fatalf("%d rows", len(rows))
		}
	})
}

func exerciseWatch(t *testing.T, h Harness) {
	t.Run("OwnCommitsRing", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		rings, stop := w.db.Listen()
		defer stop()
		w.accept(w.text("oA", "x"))
		select {
		case ring := <-rings:
			if !ring.Walls {
				t.Fatalf("%+v", ring)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("waited 10 s for the ring of a commit")
		}
	})
	t.Run("ChangesOfAnotherProcessRing", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		other := h.Again(t)
		watched, stopWatch := context.WithCancel(ctx)
		ended := make(chan error, 1)
		rings, stop := w.db.Listen()
		defer stop()
		go func() { ended <- w.db.Watch(watched) }()
		<-rings // Watch rings when it begins: what came before it is seen
		deadline := time.After(20 * time.Second)
		for rung := false; !rung; {
			w.must(other.InsertAccount(ctx, &callbackd.Account{Slug: callbackd.Slug("n" + callbackd.NewPublicID()), Token: "t"}, "shell"))
			select {
			case ring := <-rings:
				rung = ring.Config && ring.Walls
			case <-deadline:
				t.Fatal("waited 20 s for the ring of another process")
			}
		}
		stopWatch()
		w.must(<-ended)
	})
}
