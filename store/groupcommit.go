package store

import (
	"context"
	"fmt"
	"sync"

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
	batch := make([]*acceptCall, 0, maxBatch)
	for first := range a.queue {
		batch = append(batch[:0], first)
	fill:
		for len(batch) < maxBatch {
			select {
			case c, ok := <-a.queue:
				if !ok {
					break fill
				}
				batch = append(batch, c)
			default:
				break fill
			}
		}
		a.commit(batch)
		for _, c := range batch {
			close(c.answer)
		}
	}
}

// tries is how often a callback is stored by itself while the database asks to
// do so again.
const tries = 3

// commit stores a batch in one transaction. Where that fails, each callback
// gets a transaction of its own: one bad row never fails its neighbours.
func (a *acceptor) commit(batch []*acceptCall) {
	if a.try(batch) == nil {
		return
	}
	a.db.senders.clear() // what it remembers may be the reason: a sender that is gone
	for i := range batch {
		one := batch[i : i+1]
		err := a.try(one)
		for n := 1; n < tries && isDeadlock(err); n++ {
			err = a.try(one)
		}
		if err != nil {
			one[0].err = fmt.Errorf("accept callback: %w", kind(err))
		}
	}
}

func (a *acceptor) try(batch []*acceptCall) error {
	// A context that cannot end: mattn starts a goroutine for each statement of one that can.
	ctx := context.Background()
	t, err := a.db.w.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	tx := &Tx{db: a.db, tx: t}
	walls := newWallCounters(tx)
	accounts := make([]callbackd.AccountID, len(batch))
	for i, c := range batch {
		accounts[i] = c.in.Account.ID
	}
	if err := walls.lock(ctx, accounts); err != nil {
		return err
	}
	for _, c := range batch {
		c.err, c.known = nil, nil
		if c.out, err = tx.accept(ctx, c, walls); err != nil {
			return err
		}
	}
	if err := walls.save(ctx); err != nil {
		return err
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	for _, c := range batch {
		if c.known != nil {
			a.db.senders.put(c.in.Account.ID, c.in.From, *c.known)
		}
	}
	return nil
}
