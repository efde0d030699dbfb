package jobs_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/jobs"
	"callbackd/store"
	"callbackd/store/storetest"
)

const kind callbackd.JobKind = "test"

// patience bounds waits that only end early; no test passes because of it.
const patience = 30 * time.Second

// bench is a database on a file with a clock that tests set, and what the
// runners on it logged.
type bench struct {
	*testing.T
	db    *store.DB
	clock *storetest.Clock
	path  string
	log   *slog.Logger
	mu    sync.Mutex // guards logs
	logs  bytes.Buffer
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.Write(p)
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.String()
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, clock: storetest.NewClock(), path: filepath.Join(t.TempDir(), "c.db")}
	b.log = slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	b.must(err)
	b.db, err = store.Open(context.Background(), store.Config{DSN: storetest.SQLite(t, b.path), Key: key, Now: b.clock.Now})
	b.must(err)
	t.Cleanup(func() { b.must(b.db.Close()) })
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) enqueue(j callbackd.Job) {
	b.Helper()
	if j.Kind == "" {
		j.Kind = kind
	}
	if j.DueAt.IsZero() {
		j.DueAt = b.clock.Now()
	}
	b.must(b.db.Enqueue(context.Background(), j))
}

// raw opens the file beside the store.
func (b *bench) raw() *sql.DB {
	b.Helper()
	raw, err := sql.Open("sqlite3", "file:"+b.path+"?_txlock=immediate&_busy_timeout=10000")
	b.must(err)
	b.Cleanup(func() { raw.Close() })
	return raw
}

// row is what the table says of a job; Node says who leases it.
type row struct {
	callbackd.Job
	Node string
}

func (b *bench) job(key string) row {
	b.Helper()
	var r row
	var due int64
	err := b.raw().QueryRow(`SELECT state, attempts, due_at, error, node FROM jobs WHERE job_key = ? ORDER BY id DESC LIMIT 1`, key).
		Scan(&r.State, &r.Attempts, &due, &r.Error, &r.Node)
	b.must(err)
	r.DueAt = time.UnixMilli(due).UTC()
	return r
}

// until waits for the table to say something of a job.
func (b *bench) until(key, what string, is func(row) bool) row {
	b.Helper()
	rings, stop := b.db.Listen()
	defer stop()
	end := time.After(patience)
	for {
		r := b.job(key)
		if is(r) {
			return r
		}
		select {
		case <-rings:
		case <-end:
			b.Fatalf("job %s is not %s: %+v\n%s", key, what, r, b.logged())
		}
	}
}

func in(s callbackd.JobState) func(row) bool { return func(r row) bool { return r.State == s } }

// await waits for a signal.
func await[T any](b *bench, what string, ch <-chan T) T {
	b.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		b.Fatalf("waited for %s\n%s", what, b.logged())
		panic("unreachable")
	}
}

// run starts a runner and returns the call that stops it and waits for its end.
func (b *bench) run(r *jobs.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := await(b, "the end of the runner", done); err != nil {
				b.Error(err)
			}
		})
	}
	b.Cleanup(stop)
	return stop
}

// one makes a runner of one kind.
func (b *bench) one(node string, k jobs.Kind) *jobs.Runner {
	r := jobs.New(b.db, node, time.Hour, b.log)
	r.Register(kind, k)
	return r
}

// TestBackoff_StaysWithinItsBounds holds what the quick retry of
// media promises, over the whole spread of the jitter.
func TestBackoff_StaysWithinItsBounds(t *testing.T) {
	quick := callbackd.Retry{First: 1500 * time.Millisecond, Max: 10 * time.Minute}
	for attempts, most := range []time.Duration{1500 * time.Millisecond, 6 * time.Second, 24 * time.Second, 96 * time.Second, 384 * time.Second,
		10 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		least, longest := most, time.Duration(0)
		for range 2000 {
			d := jobs.Backoff(quick, attempts)
			if d > most || d < most-most/4 {
				t.Fatalf("after %d errors: %s, want %s less a quarter at most", attempts, d, most)
			}
			least, longest = min(least, d), max(longest, d)
		}
		if longest-least < most/8 {
			t.Errorf("after %d errors: from %s to %s is no jitter", attempts, least, longest)
		}
	}
	if d := jobs.Backoff(quick, 1_000_000); d > quick.Max {
		t.Errorf("%s", d)
	}
	if d := jobs.Backoff(callbackd.Retry{First: time.Hour, Max: time.Minute}, 0); d > time.Minute {
		t.Errorf("a first pause over the longest: %s", d)
	}
}

// outcomeCase is a handler's returned value and what the table says after it.
type outcomeCase struct {
	run      func(context.Context) error
	attempts int           // errors before this run
	deadline time.Duration // from now; 0: none
	timeout  time.Duration
	most     int // Kind.Attempts

	state    callbackd.JobState
	spent    int           // attempts after it
	from, to time.Duration // due after
	why      string        // in the job's error
	gaveUp   bool
}

var errBroken = errors.New("it broke")

func outcomeCases() map[string]outcomeCase {
	fail := func(context.Context) error { return errBroken }
	snooze := func(d time.Duration) func(context.Context) error {
		return func(context.Context) error { return fmt.Errorf("wrapped: %w", callbackd.Snooze(d, "later")) }
	}
	const ready, done, failed = callbackd.JobReady, callbackd.JobDone, callbackd.JobFailed
	return map[string]outcomeCase{
		"nil":               {run: func(context.Context) error { return nil }, attempts: 2, state: done, spent: 2},
		"error":             {run: fail, state: ready, spent: 1, from: 45 * time.Second, to: time.Minute, why: "it broke"},
		"second error":      {run: fail, attempts: 1, state: ready, spent: 2, from: 3 * time.Minute, to: 4 * time.Minute, why: "it broke"},
		"snooze":            {run: snooze(7 * time.Minute), attempts: 3, state: ready, spent: 3, from: 7 * time.Minute, to: 7 * time.Minute, why: "later"},
		"permanent":         {run: func(context.Context) error { return fmt.Errorf("w: %w", callbackd.Permanent(errBroken)) }, state: failed, spent: 1, why: "it broke", gaveUp: true},
		"panic":             {run: func(context.Context) error { panic("at the disco") }, state: ready, spent: 1, from: 45 * time.Second, to: time.Minute, why: "panicked"},
		"timeout":           {run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, timeout: time.Millisecond, state: ready, spent: 1, from: 45 * time.Second, to: time.Minute, why: "deadline exceeded"},
		"attempts left":     {run: fail, attempts: 1, most: 3, state: ready, spent: 2, from: 3 * time.Minute, to: 4 * time.Minute, why: "it broke"},
		"attempts used up":  {run: fail, attempts: 2, most: 3, state: failed, spent: 3, why: "it broke", gaveUp: true},
		"last try":          {run: fail, attempts: 5, deadline: 10 * time.Minute, state: ready, spent: 6, from: 9 * time.Minute, to: 9 * time.Minute, why: "it broke"},
		"at the last try":   {run: fail, attempts: 5, deadline: time.Minute, state: failed, spent: 6, why: "it broke", gaveUp: true},
		"after deadline":    {run: fail, attempts: 5, deadline: -time.Hour, state: failed, spent: 6, why: "it broke", gaveUp: true},
		"before deadline":   {run: fail, deadline: time.Hour, state: ready, spent: 1, from: 45 * time.Second, to: time.Minute, why: "it broke"},
		"done too late":     {run: func(context.Context) error { return nil }, deadline: -time.Hour, state: done},
		"snooze over it":    {run: snooze(time.Hour), deadline: time.Minute, state: ready, from: time.Minute, to: time.Minute, why: "later"},
		"snooze at its end": {run: snooze(time.Hour), deadline: -time.Millisecond, state: failed, why: "later", gaveUp: true},
	}
}

func TestOutcome_TheReturnedValuePicksTheEdge(t *testing.T) {
	for name, c := range outcomeCases() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			start := b.clock.Now()
			j := callbackd.Job{Key: "a"}
			if c.deadline != 0 {
				j.Deadline = start.Add(c.deadline)
			}
			b.enqueue(j)
			_, err := b.raw().Exec(`UPDATE jobs SET attempts = ?`, c.attempts)
			b.must(err)
			ended := make(chan struct{})
			gaveUp := make(chan error, 1)
			stop := b.run(b.one("n", jobs.Kind{Timeout: c.timeout, Attempts: c.most, Retry: callbackd.Retry{First: time.Minute, Max: time.Hour},
				Run:    func(ctx context.Context, _ callbackd.Job) error { defer close(ended); return c.run(ctx) },
				GiveUp: func(_ context.Context, _ callbackd.Job, why error) error { gaveUp <- why; return nil }}))
			await(b, "the handler", ended)
			got := b.until("a", "at its end", func(r row) bool { return r.State != callbackd.JobRunning })
			stop()
			if got.State != c.state || got.Attempts != c.spent || !strings.Contains(got.Error, c.why) || c.why == "" && got.Error != "" || got.Node != "" {
				t.Errorf("%+v", got)
			}
			if after := got.DueAt.Sub(start); c.state == callbackd.JobReady && (after < c.from || after > c.to) {
				t.Errorf("due after %s, want %s to %s", after, c.from, c.to)
			}
			if len(gaveUp) == 1 != c.gaveUp {
				t.Errorf("given up: %v", len(gaveUp) == 1)
			} else if c.gaveUp && !strings.Contains((<-gaveUp).Error(), c.why) {
				t.Error("who gives up is not told why")
			}
		})
	}
}

func TestGiveUp_AnErrorOfItsOwnKeepsTheJobAlive(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	tries := make(chan int, 2)
	n := 0
	b.run(b.one("n", jobs.Kind{Retry: callbackd.Retry{First: time.Minute, Max: time.Hour},
		Run: func(context.Context, callbackd.Job) error { return callbackd.Permanent(errBroken) },
		GiveUp: func(context.Context, callbackd.Job, error) error {
			if n++; n == 1 {
				tries <- n
				panic("the database is away")
			}
			tries <- n
			return nil
		}}))
	await(b, "the first giving up", tries)
	r := b.until("a", "ready again", in(callbackd.JobReady))
	if r.Attempts != 0 || !strings.Contains(r.Error, "the database is away") || !r.DueAt.After(b.clock.Now()) {
		t.Errorf("%+v", r)
	}
	b.clock.Advance(time.Hour)
	b.enqueue(callbackd.Job{Key: "bell"}) // rings
	await(b, "the second giving up", tries)
	b.until("a", "failed", in(callbackd.JobFailed))
}

func TestRun_AskedForWhileItRunsItRunsAgain(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	runs, goOn := make(chan int), make(chan struct{})
	n := 0
	b.run(b.one("n", jobs.Kind{Run: func(context.Context, callbackd.Job) error {
		n++
		runs <- n
		<-goOn
		return callbackd.Snooze(time.Hour, "nothing to do") // what came meanwhile counts more
	}}))
	await(b, "the first run", runs)
	b.enqueue(callbackd.Job{Key: "a"})
	goOn <- struct{}{}
	await(b, "the second run", runs)
	goOn <- struct{}{}
	b.until("a", "snoozed", func(r row) bool { return r.State == callbackd.JobReady && r.DueAt.After(b.clock.Now()) })
}
