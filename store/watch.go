package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Ring says that something changed. It may come without a reason; the rows tell.
type Ring struct{ Walls, Jobs, Config, Notices, Queue, Other bool }

// bell tells listeners of commits. Rings that nobody has taken yet melt into one.
type bell struct {
	mu        sync.Mutex // guards listeners
	listeners map[chan Ring]struct{}
}

func newBell() *bell { return &bell{listeners: map[chan Ring]struct{}{}} }

func (b *bell) ring(r ringing) {
	if r == (ringing{}) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.listeners {
		next := Ring{Walls: r.walls, Jobs: r.jobs, Config: r.config, Notices: r.notices, Queue: r.queue, Other: r.other}
		select {
		case old := <-ch:
			next = Ring{next.Walls || old.Walls, next.Jobs || old.Jobs, next.Config || old.Config, next.Notices || old.Notices, next.Queue || old.Queue, next.Other || old.Other}
		default:
		}
		ch <- next // never blocks: one place, emptied above, and only ring sends, under mu
	}
}

// Listen returns a channel of rings, and the call that ends it. A ring is a
// hint: it comes after the commit, at least once for changes of this process.
func (db *DB) Listen() (<-chan Ring, func()) {
	ch := make(chan Ring, 1)
	db.bell.mu.Lock()
	db.bell.listeners[ch] = struct{}{}
	db.bell.mu.Unlock()
	return ch, func() {
		db.bell.mu.Lock()
		delete(db.bell.listeners, ch)
		db.bell.mu.Unlock()
	}
}

// Knock rings although no row has changed, for whoever shows what stands in none:
// the screens of a wall, what a check found.
func (db *DB) Knock() { db.bell.ring(ringing{other: true}) }

// watchEvery bounds how late a change of another process is noticed.
const watchEvery = 200 * time.Millisecond

// Watch notices what other processes change (the shell commands beside a
// server, other nodes) and rings for it until ctx ends. SQLite is asked for
// its data version; PostgreSQL notifies, and is asked as a safety net.
func (db *DB) Watch(ctx context.Context) error {
	all := ringing{walls: true, jobs: true, config: true, notices: true, queue: true}
	if db.dialect == postgres { // dialect: LISTEN
		return db.watchPostgres(ctx, all)
	}
	conn, err := db.r.Connx(ctx)
	if err != nil {
		return kind(err)
	}
	defer conn.Close()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var last int64
	for {
		var v int64
		if err := conn.GetContext(ctx, &v, "PRAGMA data_version"); err != nil && ctx.Err() == nil {
			return kind(err)
		}
		if v != last {
			db.bell.ring(all)
			last = v
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (db *DB) watchPostgres(ctx context.Context, all ringing) error {
	for ctx.Err() == nil {
		db.listenOnce(ctx, all)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // the connection broke; the rows tell what was missed
		}
	}
	return nil
}

func (db *DB) listenOnce(ctx context.Context, all ringing) {
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to lose
	if _, err := conn.Exec(ctx, "LISTEN callbackd"); err != nil {
		return
	}
	db.bell.ring(all)
	for {
		wait, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := conn.WaitForNotification(wait)
		timedOut := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && !timedOut {
			return
		}
		db.bell.ring(all)
		if timedOut && conn.IsClosed() {
			return
		}
	}
}
