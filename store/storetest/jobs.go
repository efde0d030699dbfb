package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/store"
)

const kind callbackd.JobKind = "test"

func (w *world) enqueue(key, serial string, due time.Time) {
	w.Helper()
	w.must(w.db.Enqueue(ctx, callbackd.Job{Kind: kind, Key: key, Serial: serial, Account: w.acc.ID, DueAt: due}))
}

func (w *world) claim() (callbackd.Job, bool) {
	w.Helper()
	j, err := w.db.ClaimJob(ctx, kind, "node-1", time.Minute)
	if errors.Is(err, callbackd.ErrNotFound) {
		return j, false
	}
	w.must(err)
	return j, true
}

func (w *world) finish(j callbackd.Job, s callbackd.JobState, due time.Time) {
	w.Helper()
	w.must(w.db.FinishJob(ctx, j.ID, "node-1", store.JobOutcome{State: s, DueAt: due, Attempts: j.Attempts}))
}

func exerciseJobs(t *testing.T, h Harness) {
	t.Run("DueInOrderAndOnce", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		now := w.clock.Now()
		w.enqueue("b", "", now)
		w.enqueue("a", "", now.Add(-time.Second))
		w.enqueue("later", "", now.Add(time.Hour))
		for _, want := range []string{"a", "b"} {
			if j, ok := w.claim(); !ok || j.Key != want {
				t.Fatalf("%+v, want %s", j, want)
			}
		}
		if j, ok := w.claim(); ok {
			t.Fatalf("claimed %s before its time", j.Key)
		}
		if due, ok, err := w.db.NextJobDue(ctx, kind); err != nil || !ok || !due.Equal(now.Add(time.Hour)) {
			t.Fatalf("next due %v %v %v", due, ok, err)
		}
	})
	t.Run("UniqueAmongTheUnfinished", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		now := w.clock.Now()
		w.enqueue("a", "", now.Add(time.Hour))
		w.enqueue("a", "", now) // the earlier time counts
		j, ok := w.claim()
		if !ok {
			t.Fatal("the job is not due although it was asked for now")
		}
		w.finish(j, callbackd.JobDone, now)
		if _, ok := w.claim(); ok {
			t.Fatal("one job became two")
		}
		w.enqueue("a", "", now)
		if _, ok := w.claim(); !ok {
			t.Fatal("a finished job keeps its key")
		}
	})
	t.Run("AskedForWhileItRanItRunsAgain", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		w.enqueue("a", "", w.clock.Now())
		j, _ := w.claim()
		w.enqueue("a", "", w.clock.Now())
		if _, ok := w.claim(); ok {
			t.Fatal("it runs twice at a time")
		}
		w.finish(j, callbackd.JobDone, w.clock.Now())
		if again, ok := w.claim(); !ok || again.ID != j.ID {
			t.Fatal("what came meanwhile was not seen")
		}
	})
	t.Run("SerialOneAtATime", func(t *testing.T) {
		w := newWorld(t, h, callbackd.ModerationHold)
		for _, key := range []string{"a", "b"} {
			w.enqueue(key, "mpweb:1", w.clock.Now())
		}
		w.enqueue("c", "mpweb:2", w.clock.Now())
		a, _ := w.claim()
		if c, ok := w.claim(); !ok || c.Key != "c" {
			t.Fatalf("another serial key waits: %+v", c)
		}
		if b, ok := w.claim(); ok {
			t.Fatalf("%s runs beside a", b.Key)
		}
		w.finish(a, callbackd.JobDone, w.clock.Now())
		if b, ok := w.claim(); !ok || b.Key != "b" {
			t.Fatalf("b is not free: %+v", b)
		}
	})
	t.Run("LeasesReturnTheWorkOfTheDead", func(t *testing.T) { jobLeases(t, h) })
	t.Run("ClaimedByOneOfMany", func(t *testing.T) { jobRace(t, h) })
}

func jobLeases(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	w.enqueue("a", "s", w.clock.Now())
	j, _ := w.claim()
	if n, err := w.db.RescueJobs(ctx, ""); err != nil || n != 0 {
		t.Fatalf("a living lease was taken: %d, %v", n, err)
	}
	w.clock.Advance(50 * time.Second)
	w.must(w.db.ExtendLeases(ctx, "node-1", time.Minute))
	w.clock.Advance(50 * time.Second)
	if n, _ := w.db.RescueJobs(ctx, ""); n != 0 {
		t.Fatal("a renewed lease was taken")
	}
	w.clock.Advance(time.Minute)
	if n, _ := w.db.RescueJobs(ctx, ""); n != 1 {
		t.Fatal("the dead keep their work")
	}
	w.finish(j, callbackd.JobDone, w.clock.Now()) // too late: the lease was lost
	again, ok := w.claim()
	if !ok || again.ID != j.ID {
		t.Fatal("who lost the lease finished the job")
	}
	if n, err := w.db.RescueJobs(ctx, "node-1"); err != nil || n != 1 {
		t.Fatalf("a node known to be dead keeps its work: %d, %v", n, err)
	}
}

func jobRace(t *testing.T, h Harness) {
	w := newWorld(t, h, callbackd.ModerationHold)
	const n = 40
	for i := range n {
		w.enqueue(fmt.Sprint(i), fmt.Sprint("s", i%20), w.clock.Now())
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for node := range 4 {
		wg.Go(func() {
			name := fmt.Sprint("node-", node)
			for misses := 0; misses < 20; {
				j, err := w.db.ClaimJob(ctx, kind, name, time.Minute)
				if errors.Is(err, callbackd.ErrNotFound) {
					misses++
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[j.Key]++
				mu.Unlock()
				if err := w.db.FinishJob(ctx, j.ID, name, store.JobOutcome{State: callbackd.JobDone}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, times := range seen {
		if times != 1 {
			t.Fatalf("a job ran %d times", times)
		}
	}
	if len(seen) != n {
		t.Fatalf("%d of %d jobs ran", len(seen), n)
	}
}
