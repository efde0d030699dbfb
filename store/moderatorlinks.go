package store

import (
	"context"
	"time"

	"callbackd"
)

type flatModeratorLink struct {
	ID        callbackd.ModeratorLinkID
	PublicID  callbackd.PublicID  `db:"public_id"`
	AccountID callbackd.AccountID `db:"account_id"`
	Label     string
	CreatedBy string `db:"created_by"`
	CreatedAt int64  `db:"created_at"`
	ExpiresAt int64  `db:"expires_at"`
	OpenedAt  int64  `db:"opened_at"`
	Device    string
	SeenAt    int64 `db:"seen_at"`
	RevokedAt int64 `db:"revoked_at"`
}

const moderatorLinkColumns = `id, public_id, account_id, label, created_by, created_at, expires_at, opened_at, device, seen_at, revoked_at`

func (f flatModeratorLink) link() *callbackd.ModeratorLink {
	return &callbackd.ModeratorLink{ID: f.ID, PublicID: f.PublicID, Account: f.AccountID, Label: f.Label, CreatedBy: f.CreatedBy, CreatedAt: fromMS(f.CreatedAt),
		ExpiresAt: fromMS(f.ExpiresAt), OpenedAt: fromMS(f.OpenedAt), Device: f.Device, SeenAt: fromMS(f.SeenAt), RevokedAt: fromMS(f.RevokedAt)}
}

// InsertModeratorLink keeps a link to moderate one wall. token is the digest of
// what the link shows.
func (db *DB) InsertModeratorLink(ctx context.Context, account callbackd.AccountID, label string, token []byte, expires time.Time, actor string) (*callbackd.ModeratorLink, error) {
	f := flatModeratorLink{ID: callbackd.ModeratorLinkID(db.ids.next()), PublicID: callbackd.NewPublicID(), AccountID: account, Label: label,
		CreatedBy: actor, CreatedAt: ms(db.now()), ExpiresAt: ms(expires)}
	err := db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `INSERT INTO moderator_links (id, public_id, account_id, label, token, created_by, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, f.ID, f.PublicID, account, label, token, actor, f.CreatedAt, f.ExpiresAt); err != nil {
			return err
		}
		return tx.auditOperator(ctx, account, actor, "link-add", label)
	})
	return f.link(), err
}

// ListModeratorLinks returns the links of an account, newest first.
func (db *DB) ListModeratorLinks(ctx context.Context, account callbackd.AccountID) ([]*callbackd.ModeratorLink, error) {
	var flat []flatModeratorLink
	err := db.sel(ctx, &flat, `SELECT `+moderatorLinkColumns+` FROM moderator_links WHERE account_id = ? ORDER BY id DESC`, account)
	links := make([]*callbackd.ModeratorLink, len(flat))
	for i, f := range flat {
		links[i] = f.link()
	}
	return links, err
}

// GetModeratorLink returns a link by its key.
func (db *DB) GetModeratorLink(ctx context.Context, id callbackd.ModeratorLinkID) (*callbackd.ModeratorLink, error) {
	var f flatModeratorLink
	err := db.get(ctx, &f, `SELECT `+moderatorLinkColumns+` FROM moderator_links WHERE id = ?`, id)
	return f.link(), err
}

// GetUnopenedLink returns the link that shows a token with this digest, while it is
// alive and nobody has taken it.
func (db *DB) GetUnopenedLink(ctx context.Context, token []byte) (*callbackd.ModeratorLink, error) {
	var f flatModeratorLink
	err := db.get(ctx, &f, `SELECT `+moderatorLinkColumns+` FROM moderator_links
		WHERE token = ? AND opened_at = 0 AND revoked_at = 0 AND expires_at > ?`, token, ms(db.now()))
	return f.link(), err
}

// OpenModeratorLink spends a link for a device; callbackd.ErrNotFound where it is
// over, revoked, or somebody was faster.
func (db *DB) OpenModeratorLink(ctx context.Context, token []byte, device string) (*callbackd.ModeratorLink, error) {
	var f flatModeratorLink
	err := db.Write(ctx, func(tx *Tx) error {
		now := ms(tx.db.now())
		if err := tx.get(ctx, &f, `UPDATE moderator_links SET opened_at = ?, seen_at = ?, device = ?
			WHERE token = ? AND opened_at = 0 AND revoked_at = 0 AND expires_at > ? RETURNING `+moderatorLinkColumns, now, now, device, token, now); err != nil {
			return err
		}
		return tx.auditOperator(ctx, f.AccountID, f.link().Actor(), "link-open", device)
	})
	return f.link(), err
}

// TouchModeratorLink notes that a link's bearer was seen just now.
func (db *DB) TouchModeratorLink(ctx context.Context, id callbackd.ModeratorLinkID) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE moderator_links SET seen_at = ? WHERE id = ?`, ms(tx.db.now()), id)
		return err
	})
}

// RevokeModeratorLink ends a link of an account, and the session that it gave.
func (db *DB) RevokeModeratorLink(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		var label string
		if err := tx.get(ctx, &label, `UPDATE moderator_links SET revoked_at = ? WHERE account_id = ? AND public_id = ? AND revoked_at = 0 RETURNING label`,
			ms(tx.db.now()), account, id); err != nil {
			return err
		}
		return tx.auditOperator(ctx, account, actor, "link-revoke", label)
	})
}
