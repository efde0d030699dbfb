package store

import (
	"context"
	"time"

	"callbackd"
)

// GetSenderByAvatar returns the sender whose drawn avatar has this id.
func (db *DB) GetSenderByAvatar(ctx context.Context, id callbackd.PublicID) (callbackd.SenderID, int64, error) {
	var row struct {
		ID         callbackd.SenderID
		AvatarSeed int64 `db:"avatar_seed"`
	}
	err := db.get(ctx, &row, `SELECT id, avatar_seed FROM senders WHERE avatar_id = ?`, id)
	return row.ID, row.AvatarSeed, err
}

// GetSenderByPerson returns the sender of a person.
func (db *DB) GetSenderByPerson(ctx context.Context, id callbackd.PersonID) (s callbackd.SenderID, err error) {
	return s, db.get(ctx, &s, `SELECT id FROM senders WHERE person_id = ?`, id)
}

// Seeker is a sender whose person is searched for.
type Seeker struct {
	ID        callbackd.SenderID
	OpenID    callbackd.OpenID `db:"open_id"`
	Person    callbackd.PersonID
	Attempts  int       `db:"search_attempts"`
	DueAt     time.Time // when the search is due
	FirstSeen time.Time
	Following bool
}

// ListSeekers returns the senders of an account whose search is due at a time,
// the longest waiting first.
func (db *DB) ListSeekers(ctx context.Context, account callbackd.AccountID, now time.Time, limit int) ([]Seeker, error) {
	var flat []struct {
		ID        callbackd.SenderID
		OpenID    callbackd.OpenID `db:"open_id"`
		Person    callbackd.PersonID
		Attempts  int   `db:"search_attempts"`
		Due       int64 `db:"search_due"`
		FirstSeen int64 `db:"first_seen"`
		Following bool
	}
	err := db.sel(ctx, &flat, `SELECT id, open_id, COALESCE(person_id, 0) AS person, search_attempts, search_due, first_seen, following
		FROM senders WHERE account_id = ? AND search_due > 0 AND search_due <= ? ORDER BY search_due, id LIMIT ?`, account, ms(now), limit)
	out := make([]Seeker, len(flat))
	for i, f := range flat {
		out[i] = Seeker{ID: f.ID, OpenID: f.OpenID, Person: f.Person, Attempts: f.Attempts, DueAt: fromMS(f.Due), FirstSeen: fromMS(f.FirstSeen), Following: f.Following}
	}
	return out, err
}

// SetSearch puts a sender's search off until due (zero: until the sender is
// heard of again) and notes how often it was tried since.
func (db *DB) SetSearch(ctx context.Context, sender callbackd.SenderID, due time.Time, attempts int) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE senders SET search_due = ?, search_attempts = ? WHERE id = ?`, ms(due), attempts, sender)
		return err
	})
}

// NextSearchDue returns when the next search of an account is due; false when none is.
func (db *DB) NextSearchDue(ctx context.Context, account callbackd.AccountID) (time.Time, bool, error) {
	var due int64
	err := db.get(ctx, &due, `SELECT COALESCE(MIN(search_due), 0) FROM senders WHERE account_id = ? AND search_due > 0`, account)
	return fromMS(due), due > 0, err
}

// ListMessagesOfSender returns what a sender wrote since a time, oldest first:
// the evidence of the search.
func (db *DB) ListMessagesOfSender(ctx context.Context, sender callbackd.SenderID, since time.Time, limit int) ([]callbackd.Message, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.sender_id = ? AND m.sent_at >= ? ORDER BY m.id DESC LIMIT ?`, sender, ms(since), limit)
	out := make([]callbackd.Message, len(flat))
	for i := range flat {
		out[len(flat)-1-i] = flat[i].row().Message
	}
	return out, err
}

// ListMessagesBetween returns an account's messages by CreateTime, both ends
// included, in the order of their arrival, each with its sender and person.
func (db *DB) ListMessagesBetween(ctx context.Context, account callbackd.AccountID, from, to time.Time, limit int) ([]Row, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.sent_at >= ? AND m.sent_at <= ? ORDER BY m.id LIMIT ?`, account, ms(from), ms(to), limit)
	return toRows(flat), err
}

// SenderCount counts the senders of an account.
type SenderCount struct {
	Account            callbackd.AccountID `db:"account_id"`
	Resolved, Searched int64
	All                int64 `db:"all_senders"`
}

// CountSenders counts senders by account for metrics.
func (db *DB) CountSenders(ctx context.Context) (out []SenderCount, err error) {
	return out, db.sel(ctx, &out, `SELECT account_id, COUNT(person_id) AS resolved, SUM(CASE WHEN search_due > 0 THEN 1 ELSE 0 END) AS searched,
		COUNT(*) AS all_senders FROM senders GROUP BY account_id`)
}
