package store

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPace(t *testing.T) {
	start := time.Unix(1000, 0)
	var p pace
	if p.crowd(start) != 1 || p.patience() != 0 {
		t.Fatalf("before the first commit: %d, %v", p.crowd(start), p.patience())
	}
	for range 100 {
		p.note(start, start.Add(4*time.Millisecond), 30)
	}
	end := start.Add(4 * time.Millisecond)
	if got := p.patience(); got < 1900*time.Microsecond || got > 2*time.Millisecond {
		t.Errorf("commits of 4 ms: patience %v", got)
	}
	if got := p.crowd(end.Add(3 * time.Millisecond)); got != 30 {
		t.Errorf("just after a crowd: %d", got)
	}
	if got := p.crowd(end.Add(5 * time.Millisecond)); got != 1 {
		t.Errorf("long after a crowd: %d", got)
	}
	for range 100 {
		p.note(start, start.Add(time.Second), 30)
	}
	if p.patience() != maxPatience {
		t.Errorf("a slow disk: patience %v", p.patience())
	}
}

func newQueue(n int) *acceptor {
	a := &acceptor{queue: make(chan *acceptCall, 1024)}
	for range n {
		a.queue <- &acceptCall{}
	}
	return a
}

func TestGather(t *testing.T) {
	one := func() []*acceptCall { return []*acceptCall{{}} }
	late := func(a *acceptor, n int, after time.Duration) {
		time.Sleep(after) // of the test's clock
		for range n {
			a.queue <- &acceptCall{}
		}
	}
	for name, c := range map[string]struct {
		queued, late, crowd int
		patience            time.Duration
		want                int
		took                time.Duration
	}{
		"alone":               {0, 0, 1, time.Millisecond, 1, 0},
		"what has queued":     {9, 0, 1, time.Millisecond, 10, 0},
		"more than a crowd":   {9, 0, 3, time.Millisecond, 10, 0},
		"a crowd that comes":  {3, 4, 8, 2 * time.Millisecond, 8, time.Millisecond},
		"one that does not":   {3, 0, 8, 2 * time.Millisecond, 4, 2 * time.Millisecond},
		"one that comes late": {3, 4, 8, time.Millisecond / 2, 4, time.Millisecond / 2},
		"no patience":         {3, 4, 8, 0, 4, 0},
		"more than fit":       {maxBatch + 5, 0, 1, time.Millisecond, maxBatch, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newQueue(c.queued)
				var others sync.WaitGroup
				others.Go(func() { late(a, c.late, time.Millisecond) })
				start := time.Now()
				got := a.gather(one(), c.crowd, c.patience)
				if len(got) != c.want || time.Since(start) != c.took {
					t.Errorf("%d calls after %v, want %d after %v", len(got), time.Since(start), c.want, c.took)
				}
				others.Wait()
			})
		})
	}
}

func TestGather_EndsWhenTheStoreCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newQueue(2)
		go func() {
			time.Sleep(time.Millisecond) // of the test's clock
			close(a.queue)
		}()
		start := time.Now()
		if got := a.gather(nil, 8, time.Hour); len(got) != 2 || time.Since(start) != time.Millisecond {
			t.Errorf("%d calls after %v", len(got), time.Since(start))
		}
	})
}
