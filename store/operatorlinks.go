package store

import (
	"context"
	"time"

	"callbackd"
)

// InsertOperatorLink keeps a link that makes one operator until it expires. token
// is the digest of what the link shows.
func (db *DB) InsertOperatorLink(ctx context.Context, token []byte, g callbackd.Grant, expires time.Time, actor string) error {
	var account any
	if g.Account != 0 {
		account = g.Account
	}
	return db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `INSERT INTO operator_links (token, everything, account_id, role, expires_at) VALUES (?, ?, ?, ?, ?)`,
			token, g.Everything, account, g.Role, ms(expires)); err != nil {
			return err
		}
		return tx.audit(ctx, g.Account, actor, "operator-link", 0, "")
	})
}

const sqlOperatorLink = `SELECT everything, COALESCE(account_id, 0) AS account, role FROM operator_links WHERE token = ? AND expires_at > ?`

// GetOperatorLink returns what a link grants that is alive and was not used.
func (db *DB) GetOperatorLink(ctx context.Context, token []byte) (g callbackd.Grant, err error) {
	return g, db.get(ctx, &g, sqlOperatorLink, token, ms(db.now()))
}

// UseOperatorLink spends a link: it makes an operator of a name and a password's
// hash. A link that is over or spent is callbackd.ErrNotFound; a name that is taken
// is callbackd.ErrConflict, and the link may be tried again.
func (db *DB) UseOperatorLink(ctx context.Context, token []byte, name, password string) (*callbackd.Operator, error) {
	var o *callbackd.Operator
	err := db.Write(ctx, func(tx *Tx) error {
		var g callbackd.Grant
		if err := tx.get(ctx, &g, sqlOperatorLink, token, ms(tx.db.now())); err != nil {
			return err
		}
		// whoever deletes the row has the link
		n, err := tx.exec(ctx, `DELETE FROM operator_links WHERE token = ?`, token)
		if err != nil {
			return err
		}
		if n == 0 {
			return callbackd.ErrNotFound
		}
		o, err = tx.insertOperator(ctx, name, password, g, "operator:"+name)
		return err
	})
	return o, err
}
