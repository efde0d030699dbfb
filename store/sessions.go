package store

import (
	"context"
	"time"

	"callbackd"
)

func sessionContext(account callbackd.AccountID) string { return sealContext(account, "mpweb_session") }

// GetSession returns the operator session of an account, as its owner wrote
// it; callbackd.ErrNotFound when there is none.
func (db *DB) GetSession(ctx context.Context, account callbackd.AccountID) ([]byte, time.Time, error) {
	var row struct {
		Sealed    []byte
		UpdatedAt int64 `db:"updated_at"`
	}
	if err := db.get(ctx, &row, `SELECT sealed, updated_at FROM mpweb_sessions WHERE account_id = ?`, account); err != nil {
		return nil, time.Time{}, err
	}
	b, err := db.key.Open(row.Sealed, sessionContext(account))
	return b, fromMS(row.UpdatedAt), err
}

// SetSession seals and keeps the operator session of an account.
func (db *DB) SetSession(ctx context.Context, account callbackd.AccountID, session []byte) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO mpweb_sessions (account_id, sealed, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at`,
			account, db.key.Seal(session, sessionContext(account)), ms(db.now()))
		return err
	})
}

// InsertPage keeps an operator page as it came.
func (db *DB) InsertPage(ctx context.Context, account callbackd.AccountID, page string, body []byte) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO pages (id, account_id, page, fetched_at, body) VALUES (?, ?, ?, ?, ?)`,
			db.ids.next(), account, page, ms(db.now()), body)
		return err
	})
}
