package store

import (
	"context"
	"time"

	"callbackd"
)

// pruneSlice bounds one transaction of Prune, so that callbacks do not wait for it.
const pruneSlice = 500

// How long finished jobs are kept to be looked at.
const (
	DoneJobsLife   = time.Hour
	FailedJobsLife = 7 * 24 * time.Hour
)

// How long things of notices are kept.
const (
	UnboundViewerLife = 24 * time.Hour       // since it was seen
	BoundViewerLife   = 180 * 24 * time.Hour // since it was seen
	DeadBindingLife   = 24 * time.Hour       // its code is known as a used one
	CodeTryLife       = time.Hour
	MentionTokenLife  = 24 * time.Hour
	WeChatSendLife    = 7 * 24 * time.Hour
)

// DeadLinkLife is how long a moderator's link is listed after it is over.
const DeadLinkLife = 30 * 24 * time.Hour

// Prune drops what is kept no longer: raw bytes and operator pages after
// keepRaw, used requests, old repeat keys, finished jobs, viewers that came no
// more, notices. It works in small transactions and returns how many rows it
// changed.
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
		{`DELETE FROM code_tries WHERE id IN (SELECT id FROM code_tries WHERE tried_at < ? LIMIT ?)`, now.Add(-CodeTryLife)},
		{`DELETE FROM mention_tokens WHERE token IN (SELECT token FROM mention_tokens WHERE created_at < ? LIMIT ?)`, now.Add(-MentionTokenLife)},
		{`DELETE FROM wechat_sends WHERE id IN (SELECT id FROM wechat_sends WHERE sent_at < ? LIMIT ?)`, now.Add(-WeChatSendLife)},
		{`DELETE FROM desk_sessions WHERE token IN (SELECT token FROM desk_sessions WHERE expires_at < ? LIMIT ?)`, now},
		{`DELETE FROM operator_links WHERE token IN (SELECT token FROM operator_links WHERE expires_at < ? LIMIT ?)`, now},
		{`DELETE FROM chief_codes WHERE (operator_id, account_id) IN (SELECT operator_id, account_id FROM chief_codes WHERE expires_at < ? LIMIT ?)`, now.Add(-DeadBindingLife)},
		{`DELETE FROM moderator_links WHERE id IN (SELECT id FROM moderator_links WHERE expires_at < ? LIMIT ?)`, now.Add(-DeadLinkLife)},
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
	n, err := db.pruneByWall(ctx, now)
	return total + n, err
}

// pruneByWall drops what others change together with rows beside it: one wall at
// a time, under its lock.
func (db *DB) pruneByWall(ctx context.Context, now time.Time) (total int64, err error) {
	for _, step := range []struct {
		table, key, where string
		before            time.Time
	}{
		{"viewers", "id", "sender_id IS NULL AND seen_at < ?", now.Add(-UnboundViewerLife)},
		{"viewers", "id", "seen_at < ?", now.Add(-BoundViewerLife)},
		{"bindings", "viewer_id", "expires_at < ?", now.Add(-DeadBindingLife)},
		{"notices", "id", "created_at < ?", now.Add(-NoticesLife)},
	} {
		for {
			n, found, err := db.pruneOneWall(ctx, step.table, step.key, step.where, ms(step.before))
			if total += n; err != nil {
				return total, err
			}
			if !found {
				break
			}
		}
	}
	return total, nil
}

// pruneOneWall drops a slice of the rows of one account; found is false when no
// account has any.
func (db *DB) pruneOneWall(ctx context.Context, table, key, where string, before int64) (n int64, found bool, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		var account callbackd.AccountID
		err := tx.get(ctx, &account, `SELECT account_id FROM `+table+` WHERE `+where+` LIMIT 1`, before)
		if isNoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		n, err = tx.exec(ctx, `DELETE FROM `+table+` WHERE `+key+` IN (SELECT `+key+` FROM `+table+` WHERE account_id = ? AND `+where+` LIMIT ?)`,
			account, before, pruneSlice)
		return err
	})
	return n, found, err
}
