package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"callbackd"
)

// factConnection is the fact under which an account's connection is kept.
const factConnection = "connection"

// GetConnection returns what is known of an account's link with the platform.
func (db *DB) GetConnection(ctx context.Context, account callbackd.AccountID) (callbackd.Connection, error) {
	text, err := db.GetFact(ctx, account, factConnection)
	if err != nil {
		return callbackd.Connection{}, err
	}
	return readConnection(text)
}

func readConnection(text string) (c callbackd.Connection, err error) {
	if text == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("read the connection of an account: %w", err)
	}
	return c, nil
}

// MergeConnection adds what was seen of an account's link with the platform to
// what is known of it, and rings for who watches.
func (db *DB) MergeConnection(ctx context.Context, account callbackd.AccountID, seen callbackd.Connection) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		var text string
		if err := tx.get(ctx, &text, `SELECT value FROM facts WHERE account_id = ? AND name = ?`, account, factConnection); err != nil && !isNoRows(err) {
			return err
		}
		known, err := readConnection(text)
		if err != nil {
			return err
		}
		return tx.setConnection(ctx, account, known.Merge(seen))
	})
}

func (tx *Tx) setConnection(ctx context.Context, account callbackd.AccountID, c callbackd.Connection) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the connection of an account: %w", err)
	}
	tx.ring.other = true // no wall changed
	_, err = tx.exec(ctx, `INSERT INTO facts (account_id, name, value) VALUES (?, ?, ?)
		ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value`, account, factConnection, string(b))
	return err
}

// connectAnew forgets what was seen of an account's link where the token or the
// AES key become others: the platform has not shown that it knows these.
func (tx *Tx) connectAnew(ctx context.Context, a *callbackd.Account) error {
	var old struct {
		Token  []byte
		AESKey []byte `db:"aes_key"`
	}
	if err := tx.get(ctx, &old, `SELECT token, aes_key FROM accounts WHERE id = ?`, a.ID); err != nil {
		if isNoRows(err) {
			return callbackd.ErrNotFound
		}
		return err
	}
	token, err := tx.db.openSecret(a.ID, "token", old.Token)
	key, keyErr := tx.db.openSecret(a.ID, "aes_key", old.AESKey)
	if err := errors.Join(err, keyErr); err != nil {
		return err
	}
	if token == a.Token && key == a.AESKey {
		return nil
	}
	return tx.setConnection(ctx, a.ID, callbackd.Connection{Since: tx.db.now()})
}
