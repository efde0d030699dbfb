package storetest

import (
	"errors"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

func exerciseMedia(t *testing.T, h Harness) {
	t.Run("ReadyInOpenModerationPasses", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.voice("oA"))
		row, rev := w.wall()[0], w.rev()
		made := madeVoice()
		made.Poster = &callbackd.Variant{Blob: "m/2", Type: "image/jpeg", Size: 4}
		w.must(w.db.SetMediaReady(ctx, row.Media.ID, made))
		row = w.wall()[0]
		md := row.Media
		if !md.Passed || md.State != callbackd.MediaReady || md.Main == nil || md.Main.Blob != "m/1" || md.Poster == nil ||
			md.Thumb != nil || md.Duration != 1860*time.Millisecond || len(md.Waveform) != 3 || row.Message.Rev != rev+1 {
			t.Fatalf("%+v", md)
		}
		if got, err := w.db.GetRowByFile(ctx, md.Poster.ID); err != nil || got.Message.ID != row.Message.ID {
			t.Fatalf("by file: %v", err)
		}
	})
	t.Run("TheSecondEndOfAFileChangesNothing", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.voice("oA"))
		row := w.wall()[0]
		w.must(w.db.SetMediaReady(ctx, row.Media.ID, madeVoice()))
		rev := w.rev()
		w.must(w.db.SetMediaReady(ctx, row.Media.ID, madeVoice()))
		w.must(w.db.SetMediaFailed(ctx, row.Media.ID, "late"))
		if w.rev() != rev || w.wall()[0].Media.State != callbackd.MediaReady {
			t.Fatal("a file that was ready changed")
		}
	})
	t.Run("FailedSaysSo", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.voice("oA"))
		row := w.messages("held")[0]
		w.must(w.db.SetMediaFailed(ctx, row.Media.ID, "expired"))
		if md := w.messages("held")[0].Media; md.State != callbackd.MediaFailed || md.Reason != "expired" || w.rev() != 0 {
			t.Fatalf("%+v", md)
		}
	})
	t.Run("SourceMakesTheNextStepDue", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.voice("oA"))
		row := w.wall()[0]
		w.must(w.db.SetMediaSource(ctx, row.Media.ID, w.acc.ID, "s/1"))
		w.must(w.db.SetMediaSource(ctx, row.Media.ID, w.acc.ID, "s/1"))
		j, err := w.db.ClaimJob(ctx, callbackd.JobMediaMake, "n", time.Minute)
		w.must(err)
		if j.Account != w.acc.ID {
			t.Fatalf("%+v", j)
		}
		if _, err := w.db.ClaimJob(ctx, callbackd.JobMediaMake, "n", time.Minute); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("a second job: %v", err)
		}
		if got, err := w.db.GetMediaRow(ctx, row.Media.ID); err != nil || got.Media.Source != "s/1" {
			t.Fatalf("%+v, %v", got.Media, err)
		}
	})
	t.Run("OfOneSenderBetweenTimes", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.voice("oA"))
		w.accept(w.text("oA", "words"))
		w.accept(w.voice("oB"))
		w.clock.Advance(time.Minute)
		w.accept(w.voice("oA"))
		from := w.wall()[0]
		rows, err := w.db.ListMediaOfSender(ctx, from.Sender.ID, from.Message.SentAt, from.Message.SentAt, 10)
		w.must(err)
		if len(rows) != 1 || rows[0].Message.ID != from.Message.ID {
			t.Fatalf("%d rows", len(rows))
		}
	})
}

func exerciseKeeping(t *testing.T, h Harness) {
	t.Run("RawBytesAndUsedRequestsGoInTime", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		first := w.text("oA", "x")
		w.accept(first)
		w.must(w.db.InsertPage(ctx, w.acc.ID, "messages", []byte("page")))
		if n, err := w.db.Prune(ctx, time.Hour); err != nil || n != 0 {
			t.Fatalf("fresh rows: %d, %v", n, err)
		}
		w.clock.Advance(2 * time.Hour)
		if n, err := w.db.Prune(ctx, time.Hour); err != nil || n != 3 { // raw, page, request
			t.Fatalf("after keep-raw: %d, %v", n, err)
		}
		if out := w.accept(first); !out.Repeat {
			t.Fatal("a repeat is not known any more")
		}
		w.clock.Advance(store.RepeatLife)
		if _, err := w.db.Prune(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		if out := w.accept(first); out.Repeat {
			t.Fatal("the key lives longer than it should")
		}
	})
	t.Run("SessionsFactsAndJoinCodes", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		if _, _, err := w.db.GetSession(ctx, w.acc.ID); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("no session yet: %v", err)
		}
		for _, s := range []string{"one", "two"} {
			w.must(w.db.SetSession(ctx, w.acc.ID, []byte(s)))
			if got, _, err := w.db.GetSession(ctx, w.acc.ID); err != nil || string(got) != s {
				t.Fatalf("%q, %v", got, err)
			}
			w.must(w.db.SetFact(ctx, w.acc.ID, "fact", s))
			if got, err := w.db.GetFact(ctx, w.acc.ID, "fact"); err != nil || got != s {
				t.Fatalf("%q, %v", got, err)
			}
			w.must(w.db.SetJoinCode(ctx, w.acc.ID, store.JoinCode{URL: s, Source: "api"}))
			if got, err := w.db.GetJoinCode(ctx, w.acc.ID); err != nil || got.URL != s || !got.ExpiresAt.IsZero() {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		w.must(w.db.DeleteJoinCode(ctx, w.acc.ID))
		w.must(w.db.DeleteJoinCode(ctx, w.acc.ID))
		if _, err := w.db.GetJoinCode(ctx, w.acc.ID); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("a code that was dropped: %v", err)
		}
		w.must(w.db.SetFact(ctx, w.acc.ID, "fact", ""))
		if got, err := w.db.GetFact(ctx, w.acc.ID, "fact"); err != nil || got != "" {
			t.Fatalf("%q, %v", got, err)
		}
	})
}
