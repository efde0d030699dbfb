package store

import (
	"context"
	"time"
)

// pruneSlice bounds one transaction of Prune, so that callbacks do not wait for it.
const pruneSlice = 500

// How long finished jobs are kept to be looked at.
const (
	DoneJobsLife   = time.Hour
	FailedJobsLife = 7 * 24 * time.Hour
)

// Prune drops what is kept no longer: raw bytes and operator pages after
// keepRaw, used requests, old repeat keys, finished jobs. It works in small
// transactions and returns how many rows it changed.
func (db *DB) Prune(ctx context.Context, keepRaw time.Duration) (total int64, err error) {
	now := db.now()
	for _, step := range []struct {
		query  string
		before time.Time
	}{
		{`UPDATE callbacks SET raw = NULL WHERE id IN (SELECT id FROM callbacks WHERE received_at < ? AND raw IS NOT NULL LIMIT ?)`, now.Add(-keepRaw)},
		{`DELETE FROM pages WHERE id IN (SELECT id FROM pages WHERE fetched_at < ? LIMIT ?)`, now.Add(-keepRaw)},
		{`DELETE FROM requests WHERE (account_id, digest) IN (SELECT account_id, digest FROM requests WHERE expires_at < ? LIMIT ?)`, now},
		{`DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE received_at < ? AND raw IS NULL LIMIT ?)`, now.Add(-RepeatLife)},
		{`DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at > 0 AND finished_at < ? AND state <> 'failed' LIMIT ?)`, now.Add(-DoneJobsLife)},
		{`DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE finished_at > 0 AND finished_at < ? LIMIT ?)`, now.Add(-FailedJobsLife)},
	} {
		for {
			var n int64
			err := db.Write(ctx, func(tx *Tx) (err error) {
				n, err = tx.exec(ctx, step.query, ms(step.before), pruneSlice)
				return err
			})
			if err != nil {
				return total, err
			}
			if total += n; n < pruneSlice {
				break
			}
		}
	}
	return total, nil
}
