package handlers

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"callbackd"
	"callbackd/store"
)

// visits notes requests to callback addresses for people who connect an account.
// Noting costs no statement: what is worth keeping is written by run.
type visits struct {
	db  *store.DB
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	known   map[callbackd.AccountID]callbackd.Connection
	waiting map[callbackd.AccountID]callbackd.Connection // to be written
	bell    chan struct{}                                // one place: something waits
}

func newVisits(db *store.DB, log *slog.Logger) *visits {
	return &visits{db: db, log: log, known: map[callbackd.AccountID]callbackd.Connection{},
		waiting: map[callbackd.AccountID]callbackd.Connection{}, bell: make(chan struct{}, 1)}
}

// note takes a visit of an account.
func (v *visits) note(account callbackd.AccountID, visit callbackd.Visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	next, worth := v.known[account].Note(visit)
	if !worth {
		return
	}
	v.known[account] = next
	one, _ := callbackd.Connection{}.Note(visit)
	v.waiting[account] = v.waiting[account].Merge(one)
	select {
	case v.bell <- struct{}{}:
	default: // it rings already
	}
}

// forget makes the next visit of each account worth writing: accounts changed.
func (v *visits) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.known)
}

// lastWrite bounds the writing of what waits when the server ends.
const lastWrite = 2 * time.Second

// run writes until ctx ends, and then what still waits.
func (v *visits) run(ctx context.Context) {
	for {
		select {
		case <-v.bell:
			v.write(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
			defer cancel()
			v.write(last)
			return
		}
	}
}

func (v *visits) write(ctx context.Context) {
	v.mu.Lock()
	waiting := v.waiting
	v.waiting = map[callbackd.AccountID]callbackd.Connection{}
	v.mu.Unlock()
	for account, seen := range waiting {
		if err := v.db.MergeConnection(ctx, account, seen); err != nil {
			v.log.Warn("a visit of the platform was not noted", "err", err) // the next one is
		}
	}
}

// addressClass says how far away an address is.
func addressClass(addr string) callbackd.AddressClass {
	a, err := netip.ParseAddr(addr)
	switch {
	case err != nil:
		return ""
	case a.IsLoopback():
		return callbackd.AddressMachine
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return callbackd.AddressNetwork
	}
	return callbackd.AddressWorld
}
