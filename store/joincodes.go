package store

import (
	"context"
	"time"

	"callbackd"
)

// JoinCode is what the join QR of an account says.
type JoinCode struct {
	URL       string
	Source    string    // api, mpweb
	ExpiresAt time.Time // zero: never
}

// GetJoinCode returns the join code that was made for an account.
func (db *DB) GetJoinCode(ctx context.Context, account callbackd.AccountID) (JoinCode, error) {
	var row struct {
		URL, Source string
		ExpiresAt   int64 `db:"expires_at"`
	}
	err := db.get(ctx, &row, `SELECT url, source, expires_at FROM join_codes WHERE account_id = ?`, account)
	return JoinCode{row.URL, row.Source, fromMS(row.ExpiresAt)}, err
}

// DeleteJoinCode drops an account's join code, if there is one.
func (db *DB) DeleteJoinCode(ctx context.Context, account callbackd.AccountID) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM join_codes WHERE account_id = ?`, account)
		return err
	})
}

// SetJoinCode keeps a join code.
func (db *DB) SetJoinCode(ctx context.Context, account callbackd.AccountID, c JoinCode) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO join_codes (account_id, url, source, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (account_id) DO UPDATE SET url = excluded.url, source = excluded.source, expires_at = excluded.expires_at`,
			account, c.URL, c.Source, ms(c.ExpiresAt))
		return err
	})
}
