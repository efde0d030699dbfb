package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"callbackd"
	"callbackd/internal/seal"
)

// codeDigest is how a code is kept.
func codeDigest(code string) []byte { return digest16([]byte("binding code " + code)) }

// StartBinding lets a viewer be bound by a code until a time. An earlier binding
// of the viewer is over. A code that another one has is callbackd.ErrConflict.
func (db *DB) StartBinding(ctx context.Context, v callbackd.Viewer, code string, expires time.Time) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, wallOfViewer, v.ID); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO bindings (viewer_id, account_id, code, state, expires_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (viewer_id) DO UPDATE SET code = excluded.code, qr = NULL, state = excluded.state, sender_id = NULL, asked_at = 0,
			expires_at = excluded.expires_at`, v.ID, v.Account, codeDigest(code), callbackd.BindingWaiting, ms(expires))
		return err
	})
}

// SetBindingQR keeps what a QR says that binds like the code of the binding which
// lasts until a time. A later binding of the viewer is left alone.
func (db *DB) SetBindingQR(ctx context.Context, viewer callbackd.ViewerID, expires time.Time, qr callbackd.Secret) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE bindings SET qr = ? WHERE viewer_id = ? AND expires_at = ?`, db.seal(qr, qrPlace(viewer)), viewer, ms(expires))
		return err
	})
}

// GetBindingQR returns what the QR of a viewer's binding in progress says;
// callbackd.ErrNotFound where there is none.
func (db *DB) GetBindingQR(ctx context.Context, viewer callbackd.ViewerID) (callbackd.Secret, error) {
	var sealed []byte
	if err := db.get(ctx, &sealed, `SELECT qr FROM bindings WHERE viewer_id = ? AND expires_at > ? AND qr IS NOT NULL`, viewer, ms(db.now())); err != nil {
		return "", err
	}
	return db.unseal(sealed, qrPlace(viewer))
}

// qrPlace binds a sealed QR to its viewer, so that it opens nowhere else.
func qrPlace(viewer callbackd.ViewerID) string {
	return seal.Context("bindings", "qr", strconv.FormatInt(int64(viewer), 10))
}

type flatBinding struct {
	ViewerID  callbackd.ViewerID `db:"viewer_id"`
	State     callbackd.BindingState
	SenderID  sql.NullInt64 `db:"sender_id"`
	ExpiresAt int64         `db:"expires_at"`
}

const bindingColumns = `viewer_id, state, sender_id, expires_at`

func (f flatBinding) binding() callbackd.Binding {
	return callbackd.Binding{Viewer: f.ViewerID, State: f.State, Sender: callbackd.SenderID(f.SenderID.Int64), ExpiresAt: fromMS(f.ExpiresAt)}
}

// GetBinding returns a viewer's binding in progress; callbackd.ErrNotFound where
// there is none, or it is over.
func (db *DB) GetBinding(ctx context.Context, viewer callbackd.ViewerID) (callbackd.Binding, error) {
	var f flatBinding
	err := db.get(ctx, &f, `SELECT `+bindingColumns+` FROM bindings WHERE viewer_id = ? AND expires_at > ?`, viewer, ms(db.now()))
	return f.binding(), err
}

// ConfirmBinding is the browser's word: the viewer is bound to the follower who
// said yes, who is returned. Devices that it had with another follower go.
// Without a yes, or too late, it is callbackd.ErrConflict.
func (db *DB) ConfirmBinding(ctx context.Context, viewer callbackd.ViewerID) (sender callbackd.SenderID, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, wallOfViewer, viewer); err != nil {
			return err
		}
		now := ms(tx.db.now())
		var row struct {
			Agreed callbackd.SenderID
			Before callbackd.SenderID
		}
		err := tx.get(ctx, &row, `SELECT b.sender_id AS agreed, COALESCE(v.sender_id, 0) AS before FROM bindings b JOIN viewers v ON v.id = b.viewer_id
			WHERE b.viewer_id = ? AND b.state = ? AND b.expires_at > ?`, viewer, callbackd.BindingAgreed, now)
		if isNoRows(err) {
			return callbackd.Public(callbackd.ErrConflict, "the follower has not said yes yet, or it is too late: ask for a new code", nil)
		}
		if err != nil {
			return err
		}
		if row.Before != row.Agreed {
			if _, err := tx.deleteDevicesOfViewer(ctx, viewer); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, `UPDATE viewers SET sender_id = ?, bound_at = ?, seen_at = ? WHERE id = ?`, row.Agreed, now, now, viewer); err != nil {
			return err
		}
		sender = row.Agreed
		_, err = tx.exec(ctx, `UPDATE bindings SET expires_at = ? WHERE viewer_id = ?`, now, viewer)
		return err
	})
	return sender, err
}
