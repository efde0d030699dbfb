package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

func exerciseWall(t *testing.T, h Harness) {
	t.Run("PagesBySeq", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		for i := range 10 {
			w.accept(w.text("oA", fmt.Sprint(i)))
		}
		for _, c := range []struct {
			span store.Span
			want string
		}{
			{store.Span{Limit: 3}, "[8 9 10]"},
			{store.Span{HasAfter: true, Limit: 3}, "[1 2 3]"},
			{store.Span{HasAfter: true, After: 8, Limit: 5}, "[9 10]"},
			{store.Span{Before: 4, Limit: 2}, "[2 3]"},
			{store.Span{HasAfter: true, After: 2, Before: 6, Limit: 9}, "[3 4 5]"},
			{store.Span{HasAfter: true, After: 10, Limit: 9}, "[]"},
		} {
			_, rows, err := w.db.ListShown(ctx, w.acc.ID, c.span)
			w.must(err)
			seqs := []int64{}
			for _, r := range rows {
				seqs = append(seqs, r.Message.Seq)
			}
			if got := fmt.Sprint(seqs); got != c.want {
				t.Errorf("%+v: %s, want %s", c.span, got, c.want)
			}
		}
	})
	t.Run("ChangesComeInOrderOfRevEachMessageOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		for i := range 5 {
			w.accept(w.text("oA", fmt.Sprint(i)))
		}
		rev := w.rev()
		w.decide(w.wall()[1], callbackd.DecisionRemove)
		w.decide(w.wall()[0], callbackd.DecisionRemove)
		rows, err := w.db.ListChanged(ctx, w.acc.ID, rev, 100)
		w.must(err)
		if len(rows) != 2 || rows[0].Message.Seq != 2 || rows[1].Message.Seq != 1 || rows[1].Message.Rev != rev+2 {
			t.Fatalf("%d changes: %+v", len(rows), rows)
		}
		if rows, err := w.db.ListChanged(ctx, w.acc.ID, 0, 2); err != nil || len(rows) != 2 || rows[0].Message.Rev != 3 {
			t.Fatalf("first page: %d, %v", len(rows), err)
		}
	})
	t.Run("WallsAreApart", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		w.accept(w.text("oA", "hier"))
		other := w.account("other", callbackd.ModerationOpen)
		if _, rows, err := w.db.ListShown(ctx, other.ID, store.Span{Limit: 10}); err != nil || len(rows) != 0 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		id := w.wall()[0].Message.PublicID
		if _, err := w.db.GetMessage(ctx, other.ID, id); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("another account's message: %v", err)
		}
		if err := w.db.Moderate(ctx, other.ID, id, callbackd.DecisionRemove, "test"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Fatalf("another account's decision: %v", err)
		}
	})
}

func exerciseModerate(t *testing.T, h Harness) {
	t.Run("EveryStepOfEveryState", func(t *testing.T) {
		for from, steps := range map[callbackd.State]map[callbackd.Decision]callbackd.State{
			"held":    {"approve": "shown", "refuse": "refused", "remove": ""},
			"shown":   {"approve": "shown", "refuse": "", "remove": "removed"},
			"refused": {"approve": "shown", "refuse": "refused", "remove": ""},
			"removed": {"approve": "shown", "refuse": "", "remove": "removed"},
		} {
			for d, to := range steps {
				w := newWorld(t, h, callbackd.ModerationHold)
				w.accept(w.text("oA", "x"))
				row := w.messages("")[0]
				switch from {
				case "shown", "removed":
					w.decide(row, callbackd.DecisionApprove)
				case "refused":
					w.decide(row, callbackd.DecisionRefuse)
				}
				if from == "removed" {
					w.decide(row, callbackd.DecisionRemove)
				}
				err := w.db.Moderate(ctx, w.acc.ID, row.Message.PublicID, d, "test")
				if (err != nil) != (to == "") || err != nil && !errors.Is(err, callbackd.ErrConflict) {
					t.Errorf("%s %s: %v", from, d, err)
				}
				if to == "" {
					to = from
				}
				if got := w.messages("")[0].Message.State; got != to {
					t.Errorf("%s %s: %s, want %s", from, d, got, to)
				}
			}
		}
	})
	t.Run("LateApprovalComesLate", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "first"))
		w.accept(w.text("oA", "second"))
		held := w.messages("held")
		w.decide(held[0], callbackd.DecisionApprove) // the second one first
		w.decide(held[1], callbackd.DecisionApprove)
		rows := w.wall()
		if rows[0].Message.Text != "second" || rows[1].Message.Text != "first" {
			t.Fatalf("order of seq is not the order of approval")
		}
		seq := rows[0].Message.Seq
		w.decide(rows[0], callbackd.DecisionRemove)
		w.decide(rows[0], callbackd.DecisionApprove)
		if got := w.wall()[0].Message; got.Seq != seq || got.ShownRev != got.Rev {
			t.Fatalf("shown again: %+v", got)
		}
	})
	t.Run("ApprovalCoversWhatIsThere", func(t *testing.T) { moderateCovers(t, h) })
	t.Run("EachStepIsAudited", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.accept(w.text("oA", "x"))
		w.decide(w.messages("")[0], callbackd.DecisionApprove)
		entries, err := w.db.ListAudit(ctx, w.acc.ID, 0, 10)
		w.must(err)
		if len(entries) != 2 || entries[0].Action != "approve" || entries[0].Actor != "test" || entries[0].Detail != "held → shown" {
			t.Fatalf("%+v", entries)
		}
	})
}

// moderateCovers: a decision passes the media, name and avatar that are there,
// and nothing that comes later.
func moderateCovers(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.accept(w.voice("oA"))
	w.accept(w.text("oA", "another of the same person"))
	row := w.messages("held")[1]
	for _, m := range w.messages("held") {
		w.decide(m, callbackd.DecisionApprove)
	}
	shown := func() store.Row {
		r, err := w.db.GetMessage(ctx, w.acc.ID, row.Message.PublicID)
		w.must(err)
		return r
	}
	rev := w.rev()
	w.must(w.db.SetMediaReady(ctx, row.Media.ID, madeVoice()))
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: w.clock.Now()}))
	if r := shown(); r.Media.Passed || r.Sender.PassedName != "" || r.Media.State != callbackd.MediaReady {
		t.Fatalf("passed without a decision: %+v", r)
	}
	if w.rev() == rev {
		t.Fatal("media that became ready has no rev of its own")
	}
	rev = w.rev()
	w.decide(row, callbackd.DecisionApprove)
	if r := shown(); !r.Media.Passed || r.Sender.PassedName != "小明" {
		t.Fatalf("not passed: %+v", r.Sender)
	}
	rows, err := w.db.ListChanged(ctx, w.acc.ID, rev, 10)
	w.must(err)
	if len(rows) != 2 {
		t.Fatalf("%d messages changed by the name that passed, want both of the sender", len(rows))
	}
	w.must(w.db.SetPerson(ctx, w.acc.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "坏名字"}, ReadAt: w.clock.Now()}))
	if r := shown(); r.Sender.PassedName != "小明" {
		t.Fatalf("a changed name passed by itself: %q", r.Sender.PassedName)
	}
}

func madeVoice() store.Made {
	return store.Made{Main: callbackd.Variant{Blob: "m/1", Type: "audio/mpeg", Size: 10}, Duration: 1860 * time.Millisecond, Waveform: []byte{1, 2, 3}}
}
