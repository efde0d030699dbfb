package store

import (
	"context"
	"database/sql"

	"callbackd"
)

type flatViewer struct {
	ID        callbackd.ViewerID
	PublicID  callbackd.PublicID  `db:"public_id"`
	AccountID callbackd.AccountID `db:"account_id"`
	SenderID  sql.NullInt64       `db:"sender_id"`
	SeenAt    int64               `db:"seen_at"`
}

const viewerColumns = `id, public_id, account_id, sender_id, seen_at`

func (f flatViewer) viewer() callbackd.Viewer {
	return callbackd.Viewer{ID: f.ID, PublicID: f.PublicID, Account: f.AccountID, Sender: callbackd.SenderID(f.SenderID.Int64), SeenAt: fromMS(f.SeenAt)}
}

// InsertViewer adds a viewer that is bound to nobody. token is the digest of
// what it will show.
func (db *DB) InsertViewer(ctx context.Context, account callbackd.AccountID, token []byte) (callbackd.Viewer, error) {
	now := ms(db.now())
	f := flatViewer{ID: callbackd.ViewerID(db.ids.next()), PublicID: callbackd.NewPublicID(), AccountID: account, SeenAt: now}
	err := db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO viewers (id, public_id, account_id, token, created_at, seen_at) VALUES (?, ?, ?, ?, ?, ?)`,
			f.ID, f.PublicID, account, token, now, now)
		return err
	})
	return f.viewer(), err
}

// GetViewerByToken returns the viewer that shows a token with this digest.
func (db *DB) GetViewerByToken(ctx context.Context, token []byte) (callbackd.Viewer, error) {
	var f flatViewer
	err := db.get(ctx, &f, `SELECT `+viewerColumns+` FROM viewers WHERE token = ?`, token)
	return f.viewer(), err
}

// GetViewer returns a viewer by its key.
func (db *DB) GetViewer(ctx context.Context, id callbackd.ViewerID) (callbackd.Viewer, error) {
	var f flatViewer
	err := db.get(ctx, &f, `SELECT `+viewerColumns+` FROM viewers WHERE id = ?`, id)
	return f.viewer(), err
}

// TouchViewer notes that a viewer was seen just now.
func (db *DB) TouchViewer(ctx context.Context, id callbackd.ViewerID) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE viewers SET seen_at = ? WHERE id = ?`, ms(tx.db.now()), id)
		return err
	})
}

const wallOfViewer = `(SELECT account_id FROM viewers WHERE id = ?)`

// UnbindViewer frees a viewer from its follower, and ends a binding in progress.
// Its devices go, and are returned.
func (db *DB) UnbindViewer(ctx context.Context, id callbackd.ViewerID) (gone []callbackd.Device, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, wallOfViewer, id); err != nil {
			return err
		}
		if gone, err = tx.deleteDevicesOfViewer(ctx, id); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE bindings SET expires_at = ? WHERE viewer_id = ? AND expires_at > ?`,
			ms(tx.db.now()), id, ms(tx.db.now())); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE viewers SET sender_id = NULL, bound_at = 0 WHERE id = ?`, id)
		return err
	})
	return gone, err
}

// UnbindFollower frees every viewer of a follower, and returns them. Their
// devices go, and with them the consent to messages in WeChat.
func (db *DB) UnbindFollower(ctx context.Context, sender callbackd.SenderID) (viewers []callbackd.ViewerID, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, `(SELECT account_id FROM senders WHERE id = ?)`, sender); err != nil {
			return err
		}
		viewers, err = tx.unbindFollower(ctx, sender, ms(tx.db.now()))
		return err
	})
	return viewers, err
}

// unbindFollower needs the wall's lock.
func (tx *Tx) unbindFollower(ctx context.Context, sender callbackd.SenderID, now int64) (viewers []callbackd.ViewerID, err error) {
	if err := tx.sel(ctx, &viewers, `SELECT id FROM viewers WHERE sender_id = ? ORDER BY id`, sender); err != nil {
		return nil, err
	}
	for _, q := range []string{
		`DELETE FROM devices WHERE sender_id = ?`,
		`UPDATE viewers SET sender_id = NULL, bound_at = 0 WHERE sender_id = ?`,
		`UPDATE preferences SET wechat = FALSE WHERE sender_id = ?`,
	} {
		if _, err := tx.exec(ctx, q, sender); err != nil {
			return nil, err
		}
	}
	// what the follower said yes to, or was asked, is over as well
	_, err = tx.exec(ctx, `UPDATE bindings SET expires_at = ? WHERE sender_id = ? AND expires_at > ?`, now, sender, now)
	return viewers, err
}
