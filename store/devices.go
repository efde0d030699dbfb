package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"callbackd"
)

// MaxDevices is how many devices a follower may have.
const MaxDevices = 10

type flatDevice struct {
	ID           callbackd.DeviceID
	PublicID     callbackd.PublicID  `db:"public_id"`
	AccountID    callbackd.AccountID `db:"account_id"`
	ViewerID     callbackd.ViewerID  `db:"viewer_id"`
	SenderID     callbackd.SenderID  `db:"sender_id"`
	Class        callbackd.Class
	Provider     callbackd.Provider
	Name         string
	Target       []byte
	Proof        []byte
	RegisteredAt int64 `db:"registered_at"`
	SeenAt       int64 `db:"seen_at"`
}

const sqlDevices = `SELECT id, public_id, account_id, viewer_id, sender_id, class, provider, name, target, proof, registered_at, seen_at
	FROM devices `

// device leaves the target sealed.
func (f flatDevice) device() callbackd.Device {
	return callbackd.Device{ID: f.ID, PublicID: f.PublicID, Account: f.AccountID, Viewer: f.ViewerID, Sender: f.SenderID, Class: f.Class,
		Provider: f.Provider, Name: f.Name, RegisteredAt: fromMS(f.RegisteredAt), SeenAt: fromMS(f.SeenAt)}
}

func toDevices(flat []flatDevice) []callbackd.Device {
	out := make([]callbackd.Device, len(flat))
	for i, f := range flat {
		out[i] = f.device()
	}
	return out
}

// targetPlace binds a sealed target to its device, so that it opens nowhere else.
func targetPlace(id callbackd.DeviceID) string { return fmt.Sprintf("devices/%d/target", id) }

func (db *DB) openDevice(f flatDevice) (d callbackd.Device, err error) {
	d = f.device()
	d.Target, err = db.unseal(f.Target, targetPlace(f.ID))
	return d, err
}

// NewDevice is a device that a viewer registers for its follower.
type NewDevice struct {
	Viewer   callbackd.Viewer
	Class    callbackd.Class
	Provider callbackd.Provider
	Name     string
	Target   callbackd.Secret
	// TargetKey is a digest that names the target on this installation; nil: a
	// device without provider. Proof is one of what only the device itself knows.
	TargetKey, Proof []byte
}

// InsertDevice registers a device. A target that is registered already is asked
// for its proof: with the same one it moves to this viewer and the old device,
// which is returned, goes (or, of this viewer, is only made new); with another
// one it is callbackd.ErrConflict and nothing changes. So it is where the viewer
// is not bound to its follower any more, and where the follower has MaxDevices.
func (db *DB) InsertDevice(ctx context.Context, n NewDevice) (device callbackd.Device, replaced []callbackd.Device, err error) {
	for range tries {
		if device, replaced, err = db.insertDevice(ctx, n); !errors.Is(err, errTargetMoved) {
			return device, replaced, err
		}
	}
	return callbackd.Device{}, nil, fmt.Errorf("insert device: %w: %w", callbackd.ErrUnavailable, err)
}

// errTargetMoved: on PostgreSQL somebody registered the same target meanwhile.
var errTargetMoved = errors.New("the target has just moved")

func (db *DB) insertDevice(ctx context.Context, n NewDevice) (device callbackd.Device, replaced []callbackd.Device, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		old, err := tx.lockTarget(ctx, n)
		if err != nil {
			return err
		}
		var bound int
		if err := tx.get(ctx, &bound, `SELECT COUNT(*) FROM viewers WHERE id = ? AND sender_id = ?`, n.Viewer.ID, n.Viewer.Sender); err != nil {
			return err
		}
		switch {
		case bound == 0:
			return callbackd.Public(callbackd.ErrConflict, "this viewer is not bound to a follower: bind it first", nil)
		case old != nil && !bytes.Equal(old.Proof, n.Proof):
			return callbackd.Public(callbackd.ErrConflict, "this target is registered with other keys: subscribe anew", nil)
		case old != nil && old.ViewerID == n.Viewer.ID && old.SenderID == n.Viewer.Sender:
			device, err = tx.renewDevice(ctx, *old, n)
			return err
		case old != nil:
			if _, err := tx.exec(ctx, `DELETE FROM devices WHERE id = ?`, old.ID); err != nil {
				return err
			}
			replaced = []callbackd.Device{old.device()}
		}
		if device, err = tx.addDevice(ctx, n); err != nil {
			return err
		}
		return tx.setConsent(ctx, n.Viewer.Account, n.Viewer.Sender, true)
	})
	return device, replaced, err
}

// lockTarget takes the locks of the walls that a registration changes, and
// returns the device that has its target; nil: none.
func (tx *Tx) lockTarget(ctx context.Context, n NewDevice) (*flatDevice, error) {
	if len(n.TargetKey) == 0 {
		return nil, tx.lockWall(ctx, "?", n.Viewer.Account)
	}
	accounts := []callbackd.AccountID{n.Viewer.Account}
	var before, now []flatDevice
	if err := tx.sel(ctx, &before, sqlDevices+`WHERE target_key = ?`, n.TargetKey); err != nil {
		return nil, err
	}
	if len(before) > 0 {
		accounts = append(accounts, before[0].AccountID)
	}
	if err := newWallCounters(tx).lock(ctx, accounts); err != nil {
		return nil, err
	}
	if err := tx.sel(ctx, &now, sqlDevices+`WHERE target_key = ?`, n.TargetKey); err != nil || len(now) == 0 {
		return nil, err
	}
	if len(before) == 0 || now[0].AccountID != before[0].AccountID {
		return nil, errTargetMoved // it may be of a wall whose lock was not taken
	}
	return &now[0], nil
}

// renewDevice registers a device again. registered_at grows with each time, so
// that an older word that it is gone is known as old.
func (tx *Tx) renewDevice(ctx context.Context, f flatDevice, n NewDevice) (callbackd.Device, error) {
	now := ms(tx.db.now())
	f.Class, f.Name, f.RegisteredAt, f.SeenAt = n.Class, n.Name, max(now, f.RegisteredAt+1), now
	_, err := tx.exec(ctx, `UPDATE devices SET class = ?, name = ?, target = ?, registered_at = ?, seen_at = ? WHERE id = ?`,
		f.Class, f.Name, tx.db.seal(n.Target, targetPlace(f.ID)), f.RegisteredAt, f.SeenAt, f.ID)
	d := f.device()
	d.Target = n.Target
	return d, err
}

func (tx *Tx) addDevice(ctx context.Context, n NewDevice) (callbackd.Device, error) {
	var has int
	if err := tx.get(ctx, &has, `SELECT COUNT(*) FROM devices WHERE sender_id = ?`, n.Viewer.Sender); err != nil {
		return callbackd.Device{}, err
	}
	if has >= MaxDevices {
		return callbackd.Device{}, callbackd.Public(callbackd.ErrConflict, fmt.Sprintf("this follower has %d devices: remove one first", MaxDevices), nil)
	}
	var key, proof []byte // none is null: the unique index leaves nulls alone
	if len(n.TargetKey) > 0 {
		key, proof = n.TargetKey, n.Proof
	}
	now := tx.db.now()
	d := callbackd.Device{ID: callbackd.DeviceID(tx.db.ids.next()), PublicID: callbackd.NewPublicID(), Account: n.Viewer.Account, Viewer: n.Viewer.ID,
		Sender: n.Viewer.Sender, Class: n.Class, Provider: n.Provider, Name: n.Name, Target: n.Target, RegisteredAt: fromMS(ms(now)), SeenAt: fromMS(ms(now))}
	rows, err := tx.exec(ctx, `INSERT INTO devices (id, public_id, account_id, viewer_id, sender_id, class, provider, name, target, target_key, proof,
		registered_at, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (target_key) DO NOTHING`, d.ID, d.PublicID, d.Account, d.Viewer,
		d.Sender, d.Class, d.Provider, d.Name, tx.db.seal(d.Target, targetPlace(d.ID)), key, proof, ms(now), ms(now))
	if err == nil && rows == 0 {
		err = errTargetMoved
	}
	return d, err
}

// ListDevices returns a follower's devices, oldest first, with their targets.
func (db *DB) ListDevices(ctx context.Context, sender callbackd.SenderID) ([]callbackd.Device, error) {
	var flat []flatDevice
	if err := db.sel(ctx, &flat, sqlDevices+`WHERE sender_id = ? ORDER BY id LIMIT ?`, sender, MaxDevices); err != nil {
		return nil, err
	}
	out := make([]callbackd.Device, len(flat))
	for i, f := range flat {
		var err error
		if out[i], err = db.openDevice(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ListDevicesOf returns the devices of many followers, without their targets.
func (db *DB) ListDevicesOf(ctx context.Context, senders []callbackd.SenderID) (out []callbackd.Device, err error) {
	err = chunks(senders, func(part []callbackd.SenderID) error {
		var flat []flatDevice
		if err := db.sel(ctx, &flat, sqlDevices+`WHERE sender_id IN (`+placeholders(len(part))+`) ORDER BY id`, args(part)...); err != nil {
			return err
		}
		out = append(out, toDevices(flat)...)
		return nil
	})
	return out, err
}

// OpenDevice returns a device with its target, for the one who sends to it.
func (db *DB) OpenDevice(ctx context.Context, id callbackd.DeviceID) (callbackd.Device, error) {
	var f flatDevice
	if err := db.get(ctx, &f, sqlDevices+`WHERE id = ?`, id); err != nil {
		return callbackd.Device{}, err
	}
	return db.openDevice(f)
}

// GetDevice returns a device without its target.
func (db *DB) GetDevice(ctx context.Context, id callbackd.PublicID) (callbackd.Device, error) {
	var f flatDevice
	err := db.get(ctx, &f, sqlDevices+`WHERE public_id = ?`, id)
	return f.device(), err
}

// DeleteDevice removes a device of this follower and returns it; another's is
// callbackd.ErrNotFound.
func (db *DB) DeleteDevice(ctx context.Context, sender callbackd.SenderID, id callbackd.PublicID) (d callbackd.Device, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		var f flatDevice
		if err := tx.get(ctx, &f, sqlDevices+`WHERE public_id = ? AND sender_id = ?`, id, sender); err != nil {
			return err
		}
		d = f.device()
		_, err := tx.exec(ctx, `DELETE FROM devices WHERE id = ?`, d.ID)
		return err
	})
	return d, err
}

// DropGoneDevice removes a device of which its vendor says that it is gone,
// since a time where the vendor tells one. It stays, and the answer is false,
// where it was registered anew since d was read, or after that time. A target
// never changes hands within a row, so the time of registration tells it all.
func (db *DB) DropGoneDevice(ctx context.Context, d callbackd.Device, goneAt time.Time) (dropped bool, err error) {
	if !goneAt.IsZero() && !goneAt.After(d.RegisteredAt) {
		return false, nil
	}
	err = db.Write(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, `DELETE FROM devices WHERE id = ? AND registered_at = ?`, d.ID, ms(d.RegisteredAt))
		dropped = n == 1
		return err
	})
	return dropped, err
}

// TouchDevice notes that a device was seen just now.
func (db *DB) TouchDevice(ctx context.Context, id callbackd.DeviceID) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE devices SET seen_at = ? WHERE id = ?`, ms(tx.db.now()), id)
		return err
	})
}

// deleteDevicesOfViewer needs the wall's lock.
func (tx *Tx) deleteDevicesOfViewer(ctx context.Context, viewer callbackd.ViewerID) ([]callbackd.Device, error) {
	var flat []flatDevice
	if err := tx.sel(ctx, &flat, sqlDevices+`WHERE viewer_id = ? ORDER BY id`, viewer); err != nil {
		return nil, err
	}
	_, err := tx.exec(ctx, `DELETE FROM devices WHERE viewer_id = ?`, viewer)
	return toDevices(flat), err
}
