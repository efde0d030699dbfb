package notify

import (
	"context"
	"sync"
)

// queueRoom is how many calls may wait before nobody begins more chains.
const queueRoom = 2000

// queue holds the calls that wait for a worker. Adding never blocks, for workers
// add too; it stays small because whoever begins chains waits for room. Each call
// stands in a chain, so nothing is lost with it.
type queue struct {
	mu    sync.Mutex // guards calls
	calls []func(context.Context)
	bell  chan struct{} // something waits
	room  chan struct{} // something was taken
}

func newQueue() *queue {
	return &queue{bell: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func (q *queue) add(call func(context.Context)) {
	q.mu.Lock()
	q.calls = append(q.calls, call)
	q.mu.Unlock()
	ring(q.bell)
}

// take waits for a call; false: ctx has ended.
func (q *queue) take(ctx context.Context) (func(context.Context), bool) {
	for {
		q.mu.Lock()
		if all := q.calls; len(all) > 0 {
			call := all[0]
			all[0] = nil
			q.calls = all[1:]
			more := len(all) > 1
			q.mu.Unlock()
			if more {
				ring(q.bell)
			}
			ring(q.room)
			return call, ctx.Err() == nil
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, false
		case <-q.bell:
		}
	}
}

// awaitRoom waits until few enough calls wait, or ctx ends.
func (q *queue) awaitRoom(ctx context.Context) {
	for {
		q.mu.Lock()
		n := len(q.calls)
		q.mu.Unlock()
		if n < queueRoom {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-q.room:
		}
	}
}

// ring rings a bell that remembers one ring.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
