package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/jobs"
)

func TestLane_SeveralWorkersRunSideBySide(t *testing.T) {
	b := newBench(t)
	for i := range 3 {
		b.enqueue(callbackd.Job{Key: fmt.Sprint(i)})
	}
	var all sync.WaitGroup // each run waits for the two others
	all.Add(3)
	b.run(b.one("n", jobs.Kind{Workers: 3, Run: func(context.Context, callbackd.Job) error { all.Done(); all.Wait(); return nil }}))
	for i := range 3 {
		b.until(fmt.Sprint(i), "done", in(callbackd.JobDone))
	}
}

// atOnce counts how many run at the same time.
type atOnce struct {
	mu        sync.Mutex // guards now, most
	now, most map[string]int
}

func newAtOnce() *atOnce { return &atOnce{now: map[string]int{}, most: map[string]int{}} }

func (a *atOnce) run(what string) {
	a.mu.Lock()
	a.now[what]++
	a.most[what] = max(a.most[what], a.now[what])
	a.mu.Unlock()
	a.mu.Lock() // others may begin here
	a.now[what]--
	a.mu.Unlock()
}

func TestLane_NeverMoreThanItsWorkers(t *testing.T) {
	b := newBench(t)
	const n = 20
	for i := range n {
		b.enqueue(callbackd.Job{Key: fmt.Sprint(i)})
	}
	began, goOn := make(chan struct{}, n), make(chan struct{})
	b.run(b.one("n", jobs.Kind{Workers: 2, Run: func(context.Context, callbackd.Job) error { began <- struct{}{}; <-goOn; return nil }}))
	await(b, "the first", began)
	await(b, "the second", began)
	for range n - 2 { // each one that begins waits for one that ended
		b.enqueue(callbackd.Job{Key: "x", Kind: "bell"}) // rings: the lane looks
		if len(began) != 0 {
			t.Fatal("a third runs beside two workers")
		}
		goOn <- struct{}{}
		await(b, "the next", began)
	}
	close(goOn)
}

func TestSerial_OneAtATimeOverAllNodes(t *testing.T) {
	b := newBench(t)
	count := newAtOnce()
	const n = 12
	for i := range n {
		for _, account := range []string{"a", "b"} {
			b.enqueue(callbackd.Job{Key: fmt.Sprint(account, i), Serial: "mpweb:" + account})
		}
	}
	var left sync.WaitGroup
	left.Add(2 * n)
	for node := range 3 {
		b.run(b.one(fmt.Sprint("node", node), jobs.Kind{Workers: 4, Run: func(_ context.Context, j callbackd.Job) error {
			defer left.Done()
			count.run(j.Serial)
			return nil
		}}))
	}
	done := make(chan struct{})
	go func() { left.Wait(); close(done) }()
	await(b, "all jobs", done)
	for serial, most := range count.most {
		if most != 1 {
			t.Errorf("%s: %d at a time", serial, most)
		}
	}
}

// TestLane_WakesByTheRingAlone: two kinds share a serial key, and
// nobody polls. Whoever was blocked goes on because the end of a run rings.
func TestLane_WakesByTheRingAlone(t *testing.T) {
	b := newBench(t)
	var left sync.WaitGroup
	r := jobs.New(b.db, "n", time.Hour, b.log)
	r.SetPoll(24 * time.Hour)
	for _, k := range []callbackd.JobKind{"a", "b"} {
		r.Register(k, jobs.Kind{Run: func(context.Context, callbackd.Job) error { left.Done(); return nil }})
		for i := range 10 {
			left.Add(1)
			b.enqueue(callbackd.Job{Kind: k, Key: fmt.Sprint(i), Serial: "s"})
		}
	}
	b.run(r)
	done := make(chan struct{})
	go func() { left.Wait(); close(done) }()
	await(b, "both lanes", done)
	left.Add(1)
	b.enqueue(callbackd.Job{Kind: "a", Key: "new"})
	left.Wait()
}

// TestLane_IdleTakesNoWriteLock: with somebody else in the middle of a write, a
// lane that has nothing to run does not wait for it.
func TestLane_IdleTakesNoWriteLock(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"nothing stands": func(*bench) {},
		"due later":      func(b *bench) { b.enqueue(callbackd.Job{Key: "a", DueAt: b.clock.Now().Add(time.Minute)}) },
		"blocked by its serial key": func(b *bench) {
			b.enqueue(callbackd.Job{Key: "a", Kind: "other", Serial: "s"})
			if _, err := b.db.ClaimJob(context.Background(), "other", "elsewhere", time.Minute); err != nil {
				b.Fatal(err)
			}
			b.enqueue(callbackd.Job{Key: "b", Serial: "s"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			prepare(b)
			tx, err := b.raw().Begin() // immediate: takes the write lock
			b.must(err)
			defer tx.Rollback()
			r := b.one("n", jobs.Kind{Run: func(context.Context, callbackd.Job) error { return nil }})
			next := jobs.ClaimAll(r, context.Background(), kind, make(chan struct{}, 1), func(callbackd.Job) { t.Error("something runs") })
			if got := b.logged(); got != "" {
				t.Errorf("it wanted to write: %s", got)
			}
			if next != 2*time.Second { // no busy loop either
				t.Errorf("looks again after %s", next)
			}
		})
	}
}

func TestLane_LooksAgainWhenTheNextIsDue(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a", DueAt: b.clock.Now().Add(300 * time.Millisecond)})
	r := b.one("n", jobs.Kind{})
	if next := jobs.ClaimAll(r, context.Background(), kind, make(chan struct{}, 1), nil); next != 300*time.Millisecond {
		t.Errorf("looks again after %s", next)
	}
	full := make(chan struct{}, 1)
	full <- struct{}{}
	b.clock.Advance(time.Second)
	if next := jobs.ClaimAll(r, context.Background(), kind, full, nil); next != 2*time.Second {
		t.Errorf("without a free worker it looks again after %s", next)
	}
}

// TestLane_SlowKindsDoNotHoldUpOthers: each kind has its own workers.
func TestLane_SlowKindsDoNotHoldUpOthers(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Kind: "slow", Key: "s"})
	b.enqueue(callbackd.Job{Kind: "fast", Key: "f"})
	goOn := make(chan struct{})
	r := jobs.New(b.db, "n", time.Hour, b.log)
	r.Register("slow", jobs.Kind{Run: func(context.Context, callbackd.Job) error { <-goOn; return nil }})
	r.Register("fast", jobs.Kind{Run: func(context.Context, callbackd.Job) error { return nil }})
	b.run(r)
	b.until("f", "done", in(callbackd.JobDone))
	close(goOn)
	b.until("s", "done", in(callbackd.JobDone))
}

func TestLane_SaysThatTheDatabaseIsAway(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	_, err := b.raw().Exec(`ALTER TABLE jobs RENAME TO elsewhere`)
	b.must(err)
	r := b.one("n", jobs.Kind{})
	if next := jobs.ClaimAll(r, context.Background(), kind, make(chan struct{}, 1), nil); next != 2*time.Second || !strings.Contains(b.logged(), "looking for jobs failed") {
		t.Errorf("%s: %s", next, b.logged())
	}
}
