package store

import (
	"context"
	"errors"

	"callbackd"
)

// GetFact returns a small durable fact about an account; empty when there is none.
func (db *DB) GetFact(ctx context.Context, account callbackd.AccountID, name string) (value string, err error) {
	err = db.get(ctx, &value, `SELECT value FROM facts WHERE account_id = ? AND name = ?`, account, name)
	if errors.Is(err, callbackd.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// SetFact keeps a small durable fact about an account; empty removes it.
func (db *DB) SetFact(ctx context.Context, account callbackd.AccountID, name, value string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if value == "" {
			_, err := tx.exec(ctx, `DELETE FROM facts WHERE account_id = ? AND name = ?`, account, name)
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO facts (account_id, name, value) VALUES (?, ?, ?)
			ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value`, account, name, value)
		return err
	})
}
