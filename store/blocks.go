package store

import (
	"context"
	"strconv"

	"callbackd"
)

// whoIs is the keyed hash by which a blocked person is known again on an account.
func (db *DB) whoIs(account callbackd.AccountID, id callbackd.OpenID) []byte {
	return db.key.Digest([]byte(id), "blocks/"+strconv.FormatInt(int64(account), 10))
}

// SetBlocked blocks a sender of an account, or lets it speak again. What a blocked
// sender sends is kept as refused; it holds after unfollowing, by a keyed hash of
// the openID. What came before the block stays as it is. callbackd.ErrNotFound:
// the account has no such sender.
func (db *DB) SetBlocked(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, on bool, actor string) error {
	return db.setPeople(ctx, account, sender, "block", "blocked", on, actor, func(tx *Tx, openID callbackd.OpenID) error {
		who := db.whoIs(account, openID)
		if !on {
			_, err := tx.exec(ctx, `DELETE FROM blocks WHERE account_id = ? AND who = ?`, account, who)
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO blocks (account_id, who, blocked_at) VALUES (?, ?, ?) ON CONFLICT (account_id, who) DO NOTHING`,
			account, who, ms(db.now()))
		return err
	})
}

// SetTrusted has auto moderation pass what a sender of an account sends, pictures,
// voices and videos too, or takes the trust back. callbackd.ErrNotFound: the
// account has no such sender.
func (db *DB) SetTrusted(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, on bool, actor string) error {
	return db.setPeople(ctx, account, sender, "trust", "trusted", on, actor, func(*Tx, callbackd.OpenID) error { return nil })
}

// setPeople sets a flag of a sender with what belongs to it, under the wall's
// lock, so that no callback that is accepted later goes by the old one. The audit
// knows the sender by the public id; a step that changes nothing leaves no trace.
func (db *DB) setPeople(ctx context.Context, account callbackd.AccountID, sender callbackd.SenderID, action, column string, on bool, actor string,
	also func(tx *Tx, openID callbackd.OpenID) error) error {
	if !on {
		action = "un" + action
	}
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", account); err != nil {
			return err
		}
		var s struct {
			OpenID   callbackd.OpenID   `db:"open_id"`
			PublicID callbackd.PublicID `db:"public_id"`
			Was      bool
		}
		if err := tx.get(ctx, &s, `SELECT open_id, public_id, `+column+` AS was FROM senders WHERE account_id = ? AND id = ?`, account, sender); err != nil {
			return err
		}
		if s.Was == on {
			return nil
		}
		if _, err := tx.exec(ctx, `UPDATE senders SET `+column+` = ? WHERE id = ?`, on, sender); err != nil {
			return err
		}
		if err := also(tx, s.OpenID); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE walls SET people_rev = people_rev + 1 WHERE account_id = ?`, account); err != nil {
			return err
		}
		return tx.audit(ctx, account, actor, action, 0, string(s.PublicID))
	})
}
