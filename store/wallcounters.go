package store

import (
	"context"
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
	Seq, Rev int64
}

func newWallCounters(tx *Tx) *wallCounters {
	return &wallCounters{tx: tx, walls: map[callbackd.AccountID]*wallCounter{}}
}

const (
	sqlLockWall = `UPDATE walls SET rev = rev WHERE account_id = ? RETURNING seq, rev`
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
	c.Seq++
	return c.Seq, nil
}

func (w *wallCounters) nextRev(ctx context.Context, account callbackd.AccountID) (int64, error) {
	c, err := w.of(ctx, account)
	if err != nil {
		return 0, err
	}
	c.Rev++
	return c.Rev, nil
}

func (w *wallCounters) save(ctx context.Context) error {
	accounts := make([]callbackd.AccountID, 0, len(w.walls))
	for account := range w.walls {
		accounts = append(accounts, account)
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
