package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"callbackd"
)

// wallCounters hands out seq and rev inside one transaction. The first use of
// a wall takes its row's lock, so rev follows the order of commits; save writes
// what was given out.
type wallCounters struct {
	tx    *Tx
	walls map[callbackd.AccountID]*wallCounter
}

type wallCounter struct {
	Seq, Rev   int64
	EventID    callbackd.EventID    `db:"event_id"`    // that the wall shows, when its lock was taken
	EventState callbackd.EventState `db:"event_state"` // of it
	Moderation callbackd.Moderation // of it; empty: the account's
	changed    bool
}

// belongs is the event of a message that comes now.
func (c *wallCounter) belongs() callbackd.EventID {
	return callbackd.Stage{Event: c.EventID, EventState: c.EventState}.Belongs()
}

func newWallCounters(tx *Tx) *wallCounters {
	return &wallCounters{tx: tx, walls: map[callbackd.AccountID]*wallCounter{}}
}

const (
	sqlLockWall = `UPDATE walls SET rev = rev WHERE account_id = ? RETURNING seq, rev, event_id, event_state, moderation`
	sqlSaveWall = `UPDATE walls SET seq = ?, rev = ? WHERE account_id = ?`
)

func (w *wallCounters) of(ctx context.Context, account callbackd.AccountID) (*wallCounter, error) {
	if c, ok := w.walls[account]; ok {
		return c, nil
	}
	c := &wallCounter{}
	if err := w.tx.get(ctx, c, sqlLockWall, account); err != nil {
		return nil, err
	}
	w.walls[account] = c
	return c, nil
}

func (w *wallCounters) nextSeq(ctx context.Context, account callbackd.AccountID) (int64, error) {
	c, err := w.of(ctx, account)
	if err != nil {
		return 0, err
	}
	c.changed = true
	c.Seq++
	return c.Seq, nil
}

func (w *wallCounters) nextRev(ctx context.Context, account callbackd.AccountID) (int64, error) {
	c, err := w.of(ctx, account)
	if err != nil {
		return 0, err
	}
	c.changed = true
	c.Rev++
	return c.Rev, nil
}

func (w *wallCounters) save(ctx context.Context) error {
	accounts := make([]callbackd.AccountID, 0, len(w.walls))
	for account, c := range w.walls {
		if c.changed {
			accounts = append(accounts, account)
		}
	}
	slices.Sort(accounts)
	for _, account := range accounts {
		c := w.walls[account]
		if _, err := w.tx.exec(ctx, sqlSaveWall, c.Seq, c.Rev, account); err != nil {
			return err
		}
		w.tx.ring.walls = true
	}
	return nil
}

// lock takes the locks of walls in one order for all.
//
// Whoever changes more than one row of an account (senders, messages, jobs)
// takes its wall's lock first, so that two such transactions never hold what
// the other one waits for. SQLite has one writer and needs none of it.
func (w *wallCounters) lock(ctx context.Context, accounts []callbackd.AccountID) error {
	if w.tx.db.dialect == sqlite { // dialect: one writer
		return nil
	}
	slices.Sort(accounts)
	for _, account := range slices.Compact(accounts) {
		if _, err := w.of(ctx, account); err != nil && !errors.Is(err, sql.ErrNoRows) { // who is removed is found out row by row
			return err
		}
	}
	return nil
}

// lockWall takes a wall's lock, see wallCounters.lock. where tells the wall's
// account by its placeholder.
func (tx *Tx) lockWall(ctx context.Context, where string, id any) error {
	if tx.db.dialect == sqlite { // dialect: one writer
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE walls SET rev = rev WHERE account_id = `+where, id)
	return err
}
