package store

import (
	"context"
	"time"

	"callbackd"
)

// What a moderator is wanted for: held messages, and shown ones with something
// that came after the approval. messages.queued_at keeps it, so that an index
// finds them; whoever changes a message's state, its file, or its sender's name
// and picture, or lets one of them through, calls queueMessage and queueFace in
// the same transaction.

// inCurrentEvent restricts messages m to those that the wall of an account, its
// parameter, is about.
const inCurrentEvent = ` AND m.event_id = (SELECT event_id FROM walls WHERE account_id = ?)`

const (
	mediaWaits = `state = 'shown' AND moderation <> 'open' AND EXISTS
		(SELECT 1 FROM media md WHERE md.message_id = messages.id AND md.state = 'ready' AND NOT md.passed)`
	faceWaits = `EXISTS (SELECT 1 FROM senders s LEFT JOIN persons p ON p.id = s.person_id WHERE s.id = messages.sender_id AND
		(` + sqlOwnName + ` NOT IN ('', s.passed_name, s.refused_name) OR p.avatar <> '' AND p.avatar <> s.passed_avatar))`
	// a message that was waiting keeps its place
	sqlQueueMessage = `UPDATE messages SET queued_at = CASE
		WHEN state = 'held' THEN received_at
		WHEN ` + mediaWaits + ` THEN CASE WHEN queued_at > 0 THEN queued_at ELSE ? END
		WHEN queued_at > 0 AND state = 'shown' AND moderation <> 'open' AND ` + faceWaits + ` THEN queued_at
		ELSE 0 END WHERE id = ?`
	sqlUnqueueFace = `UPDATE messages SET queued_at = 0 WHERE sender_id = ? AND queued_at > 0 AND state = 'shown'
		AND NOT (` + mediaWaits + `) AND NOT ` + faceWaits
	// One message stands for its sender's name and picture: the newest one that
	// shows them, unless another of them waits already.
	sqlQueueFace = `UPDATE messages SET queued_at = ? WHERE id = (SELECT MAX(m.id)` + carriesFace + `) AND ` + faceWaits +
		` AND NOT EXISTS (SELECT 1` + carriesFace + ` AND m.queued_at > 0)`
	carriesFace = ` FROM messages m JOIN walls w ON w.account_id = m.account_id AND w.event_id = m.event_id
		WHERE m.sender_id = ? AND m.state = 'shown' AND m.moderation <> 'open'`
)

// queueMessage says whether a moderator is wanted for a message.
func (tx *Tx) queueMessage(ctx context.Context, id callbackd.MessageID) error {
	_, err := tx.exec(ctx, sqlQueueMessage, ms(tx.db.now()), id)
	tx.ring.queue = true
	return err
}

// queueFace says whether a moderator is wanted for a sender's name and picture.
func (tx *Tx) queueFace(ctx context.Context, sender callbackd.SenderID) error {
	gone, err := tx.exec(ctx, sqlUnqueueFace, sender)
	if err != nil {
		return err
	}
	come, err := tx.exec(ctx, sqlQueueFace, ms(tx.db.now()), sender, sender)
	tx.ring.queue = tx.ring.queue || gone+come > 0
	return err
}

// Holder is a moderator's open page.
type Holder struct {
	ID    string // of the page; never shown to others
	Actor string // who it is, for the others
}

// ClaimQueue lays up to limit messages before a moderator, oldest first, and
// returns all that lie there. No message lies before two: a lease ends with the
// decision, with ReleaseQueue, or when its holder has not claimed again for as
// long as lease. Several moderators share what is left; nobody takes all of it.
func (db *DB) ClaimQueue(ctx context.Context, account callbackd.AccountID, h Holder, limit int, lease time.Duration) ([]Row, error) {
	idle, err := db.claimIsIdle(ctx, account, h, limit, lease)
	if err != nil {
		return nil, err
	}
	if !idle {
		if err := db.Write(ctx, func(tx *Tx) error { return tx.claimQueue(ctx, account, h, limit, lease) }); err != nil {
			return nil, err
		}
	}
	var flat []flatRow
	err = db.sel(ctx, &flat, sqlRows+`JOIN queue_leases l ON l.message_id = m.id WHERE l.account_id = ? AND l.holder = ? AND m.queued_at > 0`+
		inCurrentEvent+` ORDER BY m.queued_at, m.id`, account, h.ID, account)
	return toRows(flat), err
}

// What claims look at, for an account and, where it says so, a holder.
const (
	sqlQueued = ` FROM messages m WHERE m.account_id = ? AND m.queued_at > 0` + inCurrentEvent
	sqlFree   = sqlQueued + ` AND NOT EXISTS (SELECT 1 FROM queue_leases l WHERE l.message_id = m.id)`
	sqlStale  = ` FROM queue_leases l WHERE l.account_id = ? AND l.holder = ? AND NOT EXISTS
		(SELECT 1 FROM messages m WHERE m.id = l.message_id AND m.queued_at > 0` + inCurrentEvent + `)`
	sqlPast = ` FROM queue_holders WHERE account_id = ? AND until <= ?`
)

// claimIsIdle reports whether a claim would change nothing: pages ask whenever
// something happened, and a transaction for each would keep callbacks waiting.
func (db *DB) claimIsIdle(ctx context.Context, account callbackd.AccountID, h Holder, limit int, lease time.Duration) (bool, error) {
	now := db.now()
	var is struct {
		Until             int64
		Mine              int
		Free, Stale, Past bool
	}
	err := db.get(ctx, &is, `SELECT COALESCE((SELECT until FROM queue_holders WHERE account_id = ? AND holder = ?), 0) AS until,
		(SELECT COUNT(*) FROM queue_leases WHERE account_id = ? AND holder = ?) AS mine,
		EXISTS (SELECT 1`+sqlFree+`) AS free, EXISTS (SELECT 1`+sqlStale+`) AS stale, EXISTS (SELECT 1`+sqlPast+`) AS past`,
		account, h.ID, account, h.ID, account, account, account, h.ID, account, account, ms(now))
	fresh := is.Until > ms(now.Add(lease*2/3))
	return fresh && !is.Stale && !is.Past && (!is.Free || is.Mine >= limit), err
}

func (tx *Tx) claimQueue(ctx context.Context, account callbackd.AccountID, h Holder, limit int, lease time.Duration) error {
	// claims on one account come one after the other, and so do decisions
	if err := tx.lockWall(ctx, "?", account); err != nil {
		return err
	}
	now := tx.db.now()
	past, err := tx.exec(ctx, `DELETE`+sqlPast, account, ms(now)) // their leases go with them
	if err != nil {
		return err
	}
	come, err := tx.keepHolder(ctx, account, h, now.Add(lease))
	if err != nil {
		return err
	}
	tx.ring.queue = tx.ring.queue || past > 0 || come
	if _, err := tx.exec(ctx, `DELETE FROM queue_leases WHERE message_id IN (SELECT l.message_id`+sqlStale+`)`, account, h.ID, account); err != nil {
		return err
	}
	var n struct{ Holders, Mine int }
	if err := tx.get(ctx, &n, `SELECT (SELECT COUNT(*) FROM queue_holders WHERE account_id = ?) AS holders,
		(SELECT COUNT(*) FROM queue_leases WHERE account_id = ? AND holder = ?) AS mine`, account, account, h.ID); err != nil {
		return err
	}
	if n.Mine >= limit {
		return nil
	}
	var free []callbackd.MessageID
	if err := tx.sel(ctx, &free, `SELECT m.id`+sqlFree+` ORDER BY m.queued_at, m.id LIMIT ?`, account, account, limit*n.Holders); err != nil {
		return err
	}
	share := (len(free) + n.Holders - 1) / n.Holders
	for _, id := range free[:min(share, limit-n.Mine)] {
		if _, err := tx.exec(ctx, `INSERT INTO queue_leases (message_id, account_id, holder) VALUES (?, ?, ?)`, id, account, h.ID); err != nil {
			return err
		}
	}
	return nil
}

// keepHolder notes that a moderator is there, and reports whether that is new.
func (tx *Tx) keepHolder(ctx context.Context, account callbackd.AccountID, h Holder, until time.Time) (bool, error) {
	known, err := tx.exec(ctx, `UPDATE queue_holders SET actor = ?, until = ? WHERE account_id = ? AND holder = ?`, h.Actor, ms(until), account, h.ID)
	if err != nil || known > 0 {
		return false, err
	}
	_, err = tx.exec(ctx, `INSERT INTO queue_holders (account_id, holder, actor, until) VALUES (?, ?, ?, ?)`, account, h.ID, h.Actor, ms(until))
	return true, err
}

// ReleaseQueue takes everything away that lies before a moderator, who leaves.
func (db *DB) ReleaseQueue(ctx context.Context, account callbackd.AccountID, holder string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `DELETE FROM queue_holders WHERE account_id = ? AND holder = ?`, account, holder)
		tx.ring.queue = n > 0
		return err
	})
}

// QueueState is how a queue stands, for everybody who looks at it.
type QueueState struct {
	Waiting int       // at most MaxWaiting
	Oldest  time.Time // since when the oldest waits; zero: none
	Holders []HolderState
}

// HolderState is a moderator who has the queue open.
type HolderState struct {
	Holder
	Leases int
}

// MaxWaiting is where counting what waits ends.
const MaxWaiting = 10_000

// GetQueue tells how an account's queue stands.
func (db *DB) GetQueue(ctx context.Context, account callbackd.AccountID) (q QueueState, err error) {
	var is struct {
		N      int
		Oldest int64
	}
	if err := db.get(ctx, &is, `SELECT (SELECT COUNT(*) FROM (SELECT 1`+sqlQueued+` LIMIT ?) x) AS n,
		COALESCE((SELECT MIN(m.queued_at)`+sqlQueued+`), 0) AS oldest`, account, account, MaxWaiting, account, account); err != nil {
		return q, err
	}
	q.Waiting, q.Oldest = is.N, fromMS(is.Oldest)
	var flat []struct {
		Holder, Actor string
		Leases        int
	}
	err = db.sel(ctx, &flat, `SELECT h.holder, h.actor, (SELECT COUNT(*) FROM queue_leases l WHERE l.account_id = h.account_id AND l.holder = h.holder) AS leases
		FROM queue_holders h WHERE h.account_id = ? AND h.until > ? ORDER BY h.actor, h.holder`, account, ms(db.now()))
	for _, f := range flat {
		q.Holders = append(q.Holders, HolderState{Holder{f.Holder, f.Actor}, f.Leases})
	}
	return q, err
}
