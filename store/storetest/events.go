package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

// event adds an event to the world's account.
func (w *world) event(name string) callbackd.Event {
	w.Helper()
	e := callbackd.Event{Account: w.acc.ID, Name: name}
	w.must(w.db.InsertEvent(ctx, &e, "test"))
	return e
}

func (w *world) stepEvent(e callbackd.Event, s callbackd.EventStep) callbackd.Event {
	w.Helper()
	out, err := w.db.StepEvent(ctx, w.acc.ID, e.ID, s, "test")
	w.must(err)
	return out
}

func (w *world) stage() callbackd.Stage {
	w.Helper()
	s, _, err := w.db.GetStage(ctx, w.acc.ID)
	w.must(err)
	return s
}

// events lists "state event" of each message, oldest first; event as its place
// among those given, 0 and -1 as they are.
func (w *world) belongings(of ...callbackd.Event) string {
	w.Helper()
	var out []string
	rows := w.messages("")
	for i := range rows {
		m := rows[len(rows)-1-i].Message
		n := int64(m.Event)
		for at, e := range of {
			if e.ID == m.Event {
				n = int64(at + 1)
			}
		}
		out = append(out, fmt.Sprintf("%s %d", m.State, n))
	}
	return fmt.Sprint(out)
}

func exerciseEvents(t *testing.T, h Harness) {
	t.Run("AMessageBelongsToTheEventInWhichItCame", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		say := func(words string) { w.accept(w.text("oA", words)) }
		say("before all events")
		if len(w.wall()) != 1 {
			t.Fatal("an endless wall shows nothing")
		}
		first := w.event("第一场")
		if len(w.wall()) != 0 {
			t.Error("what came without events is on an event's wall")
		}
		say("to a draft")
		w.stepEvent(first, callbackd.EventStart)
		say("live")
		w.stepEvent(first, callbackd.EventPause)
		say("while it is paused")
		w.stepEvent(first, callbackd.EventStart)
		w.stepEvent(first, callbackd.EventEnd)
		say("after its end")
		second := w.event("第二场")
		w.stepEvent(second, callbackd.EventStart)
		say("live in the second")
		if got := w.belongings(first, second); got != "[shown 0 held -1 shown 1 held -1 held -1 shown 2]" {
			t.Errorf("%s", got)
		}
		if rows := w.wall(); len(rows) != 1 || rows[0].Message.Text != "live in the second" {
			t.Errorf("%d rows on the second one's wall", len(rows))
		}
	})
	t.Run("ModerationIsOfTheEvent", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		e := callbackd.Event{Account: w.acc.ID, Name: "公开场", Moderation: callbackd.ModerationOpen}
		w.must(w.db.InsertEvent(ctx, &e, "test"))
		w.stepEvent(e, callbackd.EventStart)
		w.accept(w.text("oA", "by what was known before")) // held: the account as it was read before
		w.fresh()
		w.accept(w.text("oA", "open"))
		e.Moderation = callbackd.ModerationHold
		w.must(w.db.SetEvent(ctx, &e, "test"))
		w.accept(w.text("oA", "held again, whatever the caller thinks"))
		if got := w.belongings(e); got != "[held 1 shown 1 held 1]" {
			t.Errorf("%s", got)
		}
		if m := w.messages("")[0].Message; m.Moderation != callbackd.ModerationHold {
			t.Errorf("held in %s", m.Moderation)
		}
	})
	t.Run("AtMostOneIsCurrent", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationOpen)
		a, b := w.event("甲"), w.event("乙")
		w.stepEvent(a, callbackd.EventStart)
		if _, err := w.db.StepEvent(ctx, w.acc.ID, b.ID, callbackd.EventStart, "test"); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("two at once: %v", err)
		}
		w.stepEvent(a, callbackd.EventPause)
		if _, err := w.db.StepEvent(ctx, w.acc.ID, b.ID, callbackd.EventStart, "test"); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("beside a paused one: %v", err)
		}
		w.stepEvent(a, callbackd.EventEnd)
		w.stepEvent(a, callbackd.EventStart) // it was ended too early
		w.stepEvent(a, callbackd.EventEnd)
		w.stepEvent(b, callbackd.EventStart)
		if _, err := w.db.StepEvent(ctx, w.acc.ID, a.ID, callbackd.EventStart, "test"); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("again, long after: %v", err)
		}
		other := w.account("other", callbackd.ModerationOpen)
		if _, err := w.db.StepEvent(ctx, other.ID, b.ID, callbackd.EventEnd, "test"); !errors.Is(err, callbackd.ErrNotFound) {
			t.Errorf("another account's event: %v", err)
		}
	})
	t.Run("TimesMakeThemDue", func(t *testing.T) { eventsDue(t, h) })
	t.Run("TheHostSpeaksInTheAccountsName", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		for range 2 {
			if _, err := w.db.Announce(ctx, w.acc, " 请看舞台 ", "test"); err != nil {
				t.Fatal(err)
			}
		}
		rows := w.wall()
		if len(rows) != 2 || !rows[0].Message.Host || rows[0].Message.Text != "请看舞台" || rows[0].Sender.PassedName != w.acc.Name || rows[0].Sender.ID != rows[1].Sender.ID ||
			rows[0].Sender.Following || w.rev() != 2 {
			t.Errorf("%+v", rows)
		}
		w.must(w.db.SetAccount(ctx, w.acc, "test"))
		if due, err := w.db.ListNamesDue(ctx, w.acc.ID, 10); err != nil || len(due) != 0 {
			t.Errorf("the host can be mentioned: %+v, %v", due, err)
		}
		w.event("draft")
		if _, err := w.db.Announce(ctx, w.acc, "x", "test"); !errors.Is(err, callbackd.ErrConflict) {
			t.Errorf("before the doors open: %v", err)
		}
		e := callbackd.Event{ID: w.stage().Event, Account: w.acc.ID}
		w.must(w.db.InsertEventPicture(ctx, e, store.EventPicture{ID: "picture", Blob: "events/picture", Type: "image/png", Size: 3}))
		if p, err := w.db.GetEventPicture(ctx, "picture"); err != nil || p.Blob != "events/picture" {
			t.Errorf("%+v, %v", p, err)
		}
		if blobs, err := w.db.DropEventPictures(ctx, e); err != nil || len(blobs) != 1 {
			t.Errorf("%v, %v", blobs, err)
		}
	})
	t.Run("StageIsKept", func(t *testing.T) { stageIsKept(t, h) })
}

// fresh reads the account again, as a cache does that was told of a change.
func (w *world) fresh() {
	w.Helper()
	var err error
	w.acc, err = w.db.GetAccount(ctx, w.acc.Slug)
	w.must(err)
}

func eventsDue(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	now := w.clock.Now()
	e := callbackd.Event{Account: w.acc.ID, Name: "定时", StartsAt: now.Add(time.Hour), EndsAt: now.Add(2 * time.Hour)}
	w.must(w.db.InsertEvent(ctx, &e, "test"))
	due := func() string {
		end, start, next, err := w.db.DueEvents(ctx, w.clock.Now())
		w.must(err)
		wait := time.Duration(0)
		if !next.IsZero() {
			wait = next.Sub(w.clock.Now())
		}
		return fmt.Sprint(len(end), len(start), wait)
	}
	if got := due(); got != "0 0 1h0m0s" {
		t.Errorf("before: %s", got)
	}
	w.clock.Advance(time.Hour)
	if got := due(); got != "0 1 1h0m0s" {
		t.Errorf("to be started: %s", got)
	}
	w.stepEvent(e, callbackd.EventStart)
	if got := due(); got != "0 0 1h0m0s" {
		t.Errorf("live: %s", got)
	}
	w.clock.Advance(time.Hour)
	if got := due(); got != "1 0 0s" {
		t.Errorf("to be ended: %s", got)
	}
	w.stepEvent(e, callbackd.EventEnd)
	if got := due(); got != "0 0 0s" {
		t.Errorf("over: %s", got)
	}
	if _, err := w.db.StepEvent(ctx, w.acc.ID, e.ID, callbackd.EventStart, "test"); !errors.Is(err, callbackd.ErrConflict) {
		t.Errorf("started after its end: %v", err)
	}
}

func stageIsKept(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationOpen)
	for i := range 3 {
		w.accept(w.text("oA", fmt.Sprint(i)))
	}
	rows := w.wall()
	control := func(kind callbackd.ControlKind, id callbackd.PublicID) int64 {
		rev, err := w.db.SetStage(ctx, w.acc.ID, callbackd.Control{Kind: kind, Message: id}, "test")
		w.must(err)
		return rev
	}
	if rev := control(callbackd.ControlPin, rows[0].Message.PublicID); rev != 4 || rev != w.rev() {
		t.Errorf("a pin has rev %d on a wall at %d", rev, w.rev())
	}
	if rev := control(callbackd.ControlPin, rows[0].Message.PublicID); rev != 4 || w.rev() != 4 {
		t.Errorf("the same pin again: %d, %d", rev, w.rev())
	}
	control(callbackd.ControlPin, rows[1].Message.PublicID)
	control(callbackd.ControlSpotlight, rows[2].Message.PublicID)
	control(callbackd.ControlPanic, "")
	control(callbackd.ControlPause, "")
	again := w.h.Again(t)
	s, _, err := again.GetStage(ctx, w.acc.ID)
	w.must(err)
	if want := []callbackd.PublicID{rows[1].Message.PublicID, rows[0].Message.PublicID}; s.State != callbackd.StagePanic || fmt.Sprint(s.Pins) != fmt.Sprint(want) ||
		s.Spotlight != rows[2].Message.PublicID || s.OpenedRev != 7 || s.Rev != 7 {
		t.Errorf("%+v", s)
	}
	control(callbackd.ControlResume, "")
	control(callbackd.ControlClear, "")
	if s := w.stage(); s.Cleared != 3 || len(s.Pins) != 0 || s.Spotlight != "" || !s.Open() || s.OpenedRev != w.rev() || len(w.wall()) != 0 {
		t.Errorf("cleared: %+v", s)
	}
	if _, err := w.db.SetStage(ctx, w.acc.ID, callbackd.Control{Kind: callbackd.ControlPin, Message: rows[0].Message.PublicID}, "test"); !errors.Is(err, callbackd.ErrConflict) {
		t.Errorf("a cleared message was pinned: %v", err)
	}
	if _, err := w.db.SetStage(ctx, w.acc.ID, callbackd.Control{Kind: callbackd.ControlSpotlight, Message: "nobody"}, "test"); !errors.Is(err, callbackd.ErrNotFound) {
		t.Errorf("no message: %v", err)
	}
	w.accept(w.text("oA", "new"))
	if rows, err := w.db.ListRowsOfSender(ctx, w.wall()[0].Sender.ID, 10); err != nil || len(rows) != 1 || rows[0].Stage.Cleared != 3 {
		t.Errorf("%d rows of the sender, %v", len(rows), err)
	}
	entries, err := w.db.ListAudit(ctx, w.acc.ID, 0, 20)
	w.must(err)
	if len(entries) != 9 || entries[0].Action != "clear" || entries[8].Action != "account-add" || entries[7].Message == 0 {
		t.Errorf("%d entries: %+v", len(entries), entries)
	}
}
