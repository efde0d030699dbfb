package wall_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/store"
	"callbackd/store/storetest"
	"callbackd/wall"
)

// TestSchedule_GoesByTheRows: events start and end at their time, also at that of a
// server which did not run then, and one that is current holds up the next.
func TestSchedule_GoesByTheRows(t *testing.T) {
	clock := storetest.NewClock()
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, store.Config{DSN: storetest.SQLite(t, filepath.Join(t.TempDir(), "c.db")), Key: key, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, db: db}
	defer db.Close()
	a := s.account("gala", callbackd.ModerationOpen)
	at := func(d time.Duration) time.Time { return clock.Now().Add(d) }
	for _, e := range []callbackd.Event{
		{Name: "first", StartsAt: at(time.Hour), EndsAt: at(2 * time.Hour)},
		{Name: "second", StartsAt: at(2 * time.Hour), EndsAt: at(3 * time.Hour)},
		{Name: "too early", StartsAt: at(90 * time.Minute)},
		{Name: "missed", StartsAt: at(4 * time.Hour), EndsAt: at(5 * time.Hour)},
	} {
		e.Account = a.ID
		s.must(db.InsertEvent(ctx, &e, "test"))
	}
	schedule := wall.NewSchedule(db, slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, "[draft draft draft draft] 1h0m0s"},
		{time.Hour, "[live draft draft draft] 30m0s"},
		{30 * time.Minute, "[live draft draft draft] 30m0s"}, // the first one goes on
		{30 * time.Minute, "[ended draft live draft] 1h0m0s"},
		{3 * time.Hour, "[ended ended live ended] 0s"}, // nobody ran when it was time
	} {
		clock.Advance(c.after)
		next, err := schedule.Step(ctx)
		s.must(err)
		events, err := db.ListEvents(ctx, a.ID, 10)
		s.must(err)
		states := []callbackd.EventState{}
		for i := range events {
			states = append(states, events[len(events)-1-i].State)
		}
		wait := time.Duration(0)
		if !next.IsZero() {
			wait = next.Sub(clock.Now())
		}
		if got := fmt.Sprint(states, " ", wait); got != c.want {
			t.Errorf("after %v: %s, want %s", c.after, got, c.want)
		}
	}
	entries, err := db.ListAudit(ctx, a.ID, 0, 1)
	s.must(err)
	if entries[0].Actor != wall.ByTheClock || entries[0].Action != "event-end" {
		t.Errorf("%+v", entries)
	}
}
