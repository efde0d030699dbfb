package store

import (
	"context"
	"slices"
	"time"

	"callbackd"
)

// batch is what the callbacks of one commit have in common, written once.
type batch struct {
	walls    *wallCounters
	searches []search
	people   map[callbackd.AccountID]int64 // people_rev of walls
}

// search says that the unresolved senders of an account are to be searched for.
type search struct {
	account callbackd.AccountID
	due     time.Time // the earliest
}

// lock takes the locks of all walls, before anything else does.
func (b *batch) lock(ctx context.Context, calls []*acceptCall) error {
	accounts := make([]callbackd.AccountID, len(calls))
	for i, c := range calls {
		accounts[i] = c.in.Account.ID
	}
	return b.walls.lock(ctx, accounts)
}

// peopleRev is a wall's people_rev, read once. Under the wall's lock nobody
// changes it.
func (b *batch) peopleRev(ctx context.Context, tx *Tx, account callbackd.AccountID) (rev int64, err error) {
	if rev, ok := b.people[account]; ok {
		return rev, nil
	}
	if err := tx.get(ctx, &rev, `SELECT people_rev FROM walls WHERE account_id = ?`, account); err != nil {
		return 0, err
	}
	if b.people == nil {
		b.people = map[callbackd.AccountID]int64{}
	}
	b.people[account] = rev
	return rev, nil
}

// search makes an account's search due at a time, or earlier.
func (b *batch) search(account callbackd.AccountID, due time.Time) {
	i := slices.IndexFunc(b.searches, func(s search) bool { return s.account == account })
	if i < 0 {
		b.searches = append(b.searches, search{account, due})
	} else if due.Before(b.searches[i].due) {
		b.searches[i].due = due
	}
}

// save writes what the callbacks left to do together.
func (b *batch) save(ctx context.Context, tx *Tx) error {
	for _, s := range b.searches {
		if err := tx.EnqueueResolve(ctx, s.account, s.due); err != nil {
			return err
		}
	}
	return b.walls.save(ctx)
}
