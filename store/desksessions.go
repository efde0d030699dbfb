package store

import (
	"context"
	"errors"
	"time"

	"callbackd"
)

// GetDeskSession returns what is kept under the digest of a session's token; false
// where there is none, or it is over.
func (db *DB) GetDeskSession(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = db.get(ctx, &data, `SELECT data FROM desk_sessions WHERE token = ? AND expires_at > ? AND LENGTH(data) > 0`, token, ms(db.now()))
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// SetDeskSession keeps a session until it expires. One that was ended stays so: a
// request that began before it may be done after it.
func (db *DB) SetDeskSession(ctx context.Context, token string, data []byte, expires time.Time) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO desk_sessions (token, data, expires_at) VALUES (?, ?, ?)
			ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at
			WHERE LENGTH(desk_sessions.data) > 0`, token, data, ms(expires))
		return err
	})
}

// endedSession is how long it is known that a session was ended; no request of the
// desk lasts as long, but for streams, which keep no session.
const endedSession = time.Hour

// DeleteDeskSession ends a session; whoever listens under it is told to look.
func (db *DB) DeleteDeskSession(ctx context.Context, token string) error {
	return db.Write(ctx, func(tx *Tx) error {
		tx.ring.config = true
		_, err := tx.exec(ctx, `UPDATE desk_sessions SET data = ?, expires_at = ? WHERE token = ?`, []byte{}, ms(tx.db.now().Add(endedSession)), token)
		return err
	})
}
