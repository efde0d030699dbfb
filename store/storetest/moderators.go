package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	roomMessages = 1000
	roomASecond  = 20 // of the clock, which goes as fast as the database does
)

// exerciseRoom: a thousand messages arrive, twenty in each second, while two
// moderators work. No message lies before both, none is lost, each is decided once.
func exerciseRoom(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	room := &room{world: w, before: map[callbackd.PublicID]string{}, decided: map[callbackd.PublicID]int{}}
	var parts sync.WaitGroup
	parts.Go(room.fill)
	for _, holder := range []string{"a", "b"} {
		parts.Go(func() { room.moderate(holder) })
	}
	parts.Wait()
	if len(room.decided) != roomMessages || len(w.messages("held")) != 0 {
		t.Errorf("%d of %d messages were decided, %d are held", len(room.decided), roomMessages, len(w.messages("held")))
	}
	for id, n := range room.decided {
		if n != 1 {
			t.Errorf("%s was decided %d times", id, n)
		}
	}
	turns := 0
	for _, r := range append(w.messages("shown"), w.messages("refused")...) {
		turns += int(r.Message.Turn)
	}
	if turns != roomMessages {
		t.Errorf("%d decisions are written down", turns)
	}
}

type room struct {
	*world
	mu      sync.Mutex // guards what follows
	before  map[callbackd.PublicID]string
	decided map[callbackd.PublicID]int
	full    bool // all have come
}

func (r *room) fill() {
	for n := 0; n < roomMessages; n += roomASecond {
		var second sync.WaitGroup
		for i := range roomASecond {
			cb := r.text(callbackd.OpenID(fmt.Sprintf("o%d", (n+i)%40)), fmt.Sprint(n+i))
			second.Go(func() {
				if _, err := r.db.Accept(ctx, cb); err != nil {
					r.Error(err)
				}
			})
		}
		second.Wait()
		r.clock.Advance(time.Second)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full = true
}

// moderate works off what lies before a moderator until nothing comes any more.
func (r *room) moderate(holder string) {
	for {
		r.mu.Lock()
		full := r.full
		r.mu.Unlock()
		rows, err := r.db.ClaimQueue(ctx, r.acc.ID, store.Holder{ID: holder, Actor: "operator:" + holder}, 12, time.Hour)
		if err != nil {
			r.Error(err)
			return
		}
		if len(rows) == 0 && full {
			return
		}
		r.look(holder, rows)
		var tap []store.Verdict
		for i, row := range rows {
			d := callbackd.DecisionApprove
			if i%5 == 4 {
				d = callbackd.DecisionRefuse
			}
			tap = append(tap, verdict(row, d))
		}
		out, err := r.db.Decide(ctx, r.acc.ID, store.By{Actor: "operator:" + holder}, tap)
		if err != nil || len(out.Late) > 0 {
			r.Errorf("%s: %v, decided by others first: %v", holder, err, out.Late)
			return
		}
		r.mu.Lock()
		for _, id := range out.Done {
			r.decided[id]++
		}
		r.mu.Unlock()
	}
}

func (r *room) look(holder string, rows []store.Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		id := row.Message.PublicID
		if other, ok := r.before[id]; ok && other != holder {
			r.Errorf("%s lies before %s and %s", id, other, holder)
		}
		r.before[id] = holder
	}
}
