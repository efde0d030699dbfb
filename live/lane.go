package live

import (
	"context"
	"sync"
)

// maxWaiting is how many jobs of one connection may wait, a minute of what it
// may ask for. Each is given up when its time is over, so that a store that
// hangs leaves no backlog.
const maxWaiting = commandsOfViewer

// job asks somebody who may take a while. The ctx ends when the Hub stops.
type job func(ctx context.Context)

// lane does the jobs of one connection in the order in which they came, beside
// the goroutine that reads from it. It has a goroutine only while there are any.
type lane struct {
	mu      sync.Mutex // guards what follows
	waiting []job
	running bool
}

// crew runs lanes; its goroutines belong to Hub.Run.
type crew struct {
	lanes  chan *lane
	closed chan struct{} // no lane is taken any more
}

func newCrew() *crew {
	return &crew{lanes: make(chan *lane), closed: make(chan struct{})}
}

// run takes lanes until close, and returns when the last one is empty.
func (c *crew) run(ctx context.Context) {
	var lanes sync.WaitGroup
	defer lanes.Wait()
	for {
		select {
		case l := <-c.lanes:
			lanes.Go(func() { l.run(ctx) })
		case <-c.closed:
			return
		}
	}
}

func (c *crew) close() { close(c.closed) }

// do adds a job to a lane; false: too many wait already, or the Hub has stopped.
func (c *crew) do(l *lane, j job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxWaiting {
		return false
	}
	if !l.running {
		select {
		case c.lanes <- l:
			l.running = true
		case <-c.closed:
			return false
		}
	}
	l.waiting = append(l.waiting, j)
	return true
}

func (l *lane) run(ctx context.Context) {
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.running, l.waiting = false, nil
			l.mu.Unlock()
			return
		}
		next := l.waiting[0]
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
		l.mu.Unlock()
		next(ctx)
	}
}
