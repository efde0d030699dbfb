package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"callbackd"
)

// maxBatch bounds how many callbacks share one commit, and so how long the
// first of them waits.
const maxBatch = 256

// acceptor is the single writer of callbacks: it takes what has queued, commits
// once, then everybody is answered.
type acceptor struct {
	db    *DB
	queue chan *acceptCall
	done  chan struct{}

	mu     sync.RWMutex // guards closed against sends
	closed bool
}

type acceptCall struct {
	in     *Callback
	out    Accepted
	err    error
	known  *cachedSender // what the transaction learned of the sender, for the cache
	answer chan struct{}
}

func startAcceptor(db *DB) *acceptor {
	a := &acceptor{db: db, queue: make(chan *acceptCall, 1024), done: make(chan struct{})}
	go a.run()
	return a
}

// stop commits what has queued and returns when all are answered.
func (a *acceptor) stop() {
	a.mu.Lock()
	if !a.closed {
		a.closed = true
		close(a.queue)
	}
	a.mu.Unlock()
	<-a.done
}

func (a *acceptor) call(ctx context.Context, in *Callback) (Accepted, error) {
	c := &acceptCall{in: in, answer: make(chan struct{})}
	a.mu.RLock()
	if a.closed {
		a.mu.RUnlock()
		return Accepted{}, fmt.Errorf("accept: the store is closing: %w", callbackd.ErrUnavailable)
	}
	select {
	case a.queue <- c:
		a.mu.RUnlock()
	case <-ctx.Done():
		a.mu.RUnlock()
		return Accepted{}, fmt.Errorf("accept: %w: %w", callbackd.ErrUnavailable, ctx.Err())
	}
	// Once queued it is waited for: giving up here would leave the platform
	// without an answer although the callback is stored.
	<-c.answer
	return c.out, c.err
}

func (a *acceptor) run() {
	defer close(a.done)
	calls := make([]*acceptCall, 0, maxBatch)
	var p pace
	for first := range a.queue {
		calls = a.gather(append(calls[:0], first), p.crowd(time.Now()), p.patience())
		start := time.Now()
		a.commit(calls)
		p.note(start, time.Now(), len(calls)+len(a.queue))
		for _, c := range calls {
			close(c.answer)
		}
	}
}

// gather adds what has queued, and waits for up to a crowd of calls in all.
func (a *acceptor) gather(calls []*acceptCall, crowd int, patience time.Duration) []*acceptCall {
	var late <-chan time.Time
	for len(calls) < maxBatch {
		select {
		case c, ok := <-a.queue:
			if !ok {
				return calls
			}
			calls = append(calls, c)
			continue
		default:
		}
		if len(calls) >= crowd {
			return calls
		}
		if late == nil {
			late = time.After(patience)
		}
		select {
		case c, ok := <-a.queue:
			if !ok {
				return calls
			}
			calls = append(calls, c)
		case <-late:
			return calls
		}
	}
	return calls
}

// tries is how often a callback is stored by itself while the database asks to
// do so again.
const tries = 3

// commit stores a batch in one transaction. Where that fails, each callback
// gets a transaction of its own: one bad row never fails its neighbours.
func (a *acceptor) commit(calls []*acceptCall) {
	if a.try(calls) == nil {
		return
	}
	a.db.senders.clear() // what it remembers may be the reason: a sender that is gone
	for i := range calls {
		one := calls[i : i+1]
		err := a.try(one)
		for n := 1; n < tries && isDeadlock(err); n++ {
			err = a.try(one)
		}
		if err != nil {
			one[0].err = fmt.Errorf("accept callback: %w", kind(err))
		}
	}
}

func (a *acceptor) try(calls []*acceptCall) error {
	// A context that cannot end: mattn starts a goroutine for each statement of one that can.
	ctx := context.Background()
	tx, done, err := a.db.beginHot(ctx)
	if err != nil {
		return err
	}
	defer done()
	b := &batch{walls: newWallCounters(tx)}
	if err := b.lock(ctx, calls); err != nil {
		return err
	}
	for _, c := range calls {
		c.err, c.known = nil, nil
		if c.out, err = tx.accept(ctx, c, b); err != nil {
			return err
		}
	}
	if err := b.save(ctx, tx); err != nil {
		return err
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	for _, c := range calls {
		if c.known != nil {
			a.db.senders.put(c.in.Account.ID, c.in.From, *c.known)
		}
	}
	return nil
}
