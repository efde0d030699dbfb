package store

import (
	"context"
	"time"

	"callbackd"
)

// LastMedia is how the newest voice, picture or video of an account fared.
type LastMedia struct {
	Kind       callbackd.Kind
	State      callbackd.MediaState
	Reason     string // why it failed
	ReceivedAt time.Time
}

// LastMedia returns it; callbackd.ErrNotFound where none ever came.
func (db *DB) LastMedia(ctx context.Context, account callbackd.AccountID) (LastMedia, error) {
	var f struct {
		Kind       callbackd.Kind
		State      callbackd.MediaState
		Reason     string
		ReceivedAt int64 `db:"received_at"`
	}
	err := db.get(ctx, &f, `SELECT md.kind, md.state, md.reason, m.received_at FROM media md JOIN messages m ON m.id = md.message_id
		WHERE md.account_id = ? ORDER BY md.id DESC LIMIT 1`, account)
	return LastMedia{f.Kind, f.State, f.Reason, fromMS(f.ReceivedAt)}, err
}

// LastSpeaker is whether who spoke last on an account is known.
type LastSpeaker struct {
	Known      bool // a person was found
	Searches   int  // so far
	ReceivedAt time.Time
}

// LastSpeaker returns it; callbackd.ErrNotFound where nobody ever spoke.
func (db *DB) LastSpeaker(ctx context.Context, account callbackd.AccountID) (LastSpeaker, error) {
	var f struct {
		Known      int
		Searches   int
		ReceivedAt int64 `db:"received_at"`
	}
	err := db.get(ctx, &f, `SELECT CASE WHEN s.person_id IS NULL THEN 0 ELSE 1 END AS known, s.search_attempts AS searches, m.received_at
		FROM messages m JOIN senders s ON s.id = m.sender_id WHERE m.account_id = ? ORDER BY m.id DESC LIMIT 1`, account)
	return LastSpeaker{f.Known == 1, f.Searches, fromMS(f.ReceivedAt)}, err
}
