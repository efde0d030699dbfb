package store

import (
	"context"
	"encoding/hex"

	"callbackd"
	"callbackd/internal/seal"
)

// MaxOperatorDevices is how many browsers of one operator are told; the oldest goes.
const MaxOperatorDevices = 10

// OperatorDevice is a browser that is told when something needs a human.
type OperatorDevice struct {
	ID       int64
	Operator callbackd.OperatorID
	Target   callbackd.Secret // a push subscription as JSON
}

func operatorDeviceContext(key []byte) string {
	return seal.Context("operator_devices", "target", hex.EncodeToString(key))
}

// SetOperatorDevice keeps a browser of an operator; key names its subscription,
// which moves here from whoever had it.
func (db *DB) SetOperatorDevice(ctx context.Context, o callbackd.OperatorID, target callbackd.Secret, key []byte) error {
	sealed := db.key.Seal([]byte(target), operatorDeviceContext(key))
	return db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `INSERT INTO operator_devices (id, operator_id, target, target_key, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (target_key) DO UPDATE SET operator_id = excluded.operator_id, target = excluded.target, created_at = excluded.created_at`,
			tx.db.ids.next(), o, sealed, key, ms(tx.db.now())); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `DELETE FROM operator_devices WHERE operator_id = ? AND id NOT IN
			(SELECT id FROM operator_devices WHERE operator_id = ? ORDER BY created_at DESC, id DESC LIMIT ?)`, o, o, MaxOperatorDevices)
		return err
	})
}

// ListOperatorDevices returns all browsers that want to be told.
func (db *DB) ListOperatorDevices(ctx context.Context) ([]OperatorDevice, error) {
	var flat []struct {
		ID         int64
		OperatorID callbackd.OperatorID `db:"operator_id"`
		Target     []byte
		TargetKey  []byte `db:"target_key"`
	}
	if err := db.sel(ctx, &flat, `SELECT id, operator_id, target, target_key FROM operator_devices ORDER BY id`); err != nil {
		return nil, err
	}
	out := make([]OperatorDevice, len(flat))
	for i, f := range flat {
		target, err := db.key.Open(f.Target, operatorDeviceContext(f.TargetKey))
		if err != nil {
			return nil, notOurKey(err)
		}
		out[i] = OperatorDevice{f.ID, f.OperatorID, callbackd.Secret(target)}
	}
	return out, nil
}

// DeleteOperatorDevice forgets a browser by the name of its subscription; another
// operator's stays.
func (db *DB) DeleteOperatorDevice(ctx context.Context, o callbackd.OperatorID, key []byte) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM operator_devices WHERE operator_id = ? AND target_key = ?`, o, key)
		return err
	})
}

// DropOperatorDevice forgets a browser that its push service no longer knows.
func (db *DB) DropOperatorDevice(ctx context.Context, d OperatorDevice) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM operator_devices WHERE id = ?`, d.ID)
		return err
	})
}
