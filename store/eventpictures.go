package store

import (
	"context"

	"callbackd"
)

// EventPicture is a logo or background of an event.
type EventPicture struct {
	ID   callbackd.PublicID
	Blob string
	Type string
	Size int64
}

// InsertEventPicture adds a picture to an event. It is public once the settings of
// the event name it, while a wall shows the event.
func (db *DB) InsertEventPicture(ctx context.Context, e callbackd.Event, p EventPicture) error {
	return db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", e.Account); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `INSERT INTO event_pictures (id, account_id, event_id, blob, type, size) VALUES (?, ?, ?, ?, ?, ?)`,
			p.ID, e.Account, e.ID, p.Blob, p.Type, p.Size)
		return err
	})
}

// GetEventPicture returns a picture of the event that its wall shows.
func (db *DB) GetEventPicture(ctx context.Context, id callbackd.PublicID) (p EventPicture, err error) {
	return p, db.get(ctx, &p, `SELECT p.id, p.blob, p.type, p.size FROM event_pictures p JOIN walls w ON w.account_id = p.account_id AND w.event_id = p.event_id
		WHERE p.id = ?`, id)
}

// DropEventPictures takes out the pictures of an event that its settings do not
// name, and returns their blobs, which nothing names any more.
func (db *DB) DropEventPictures(ctx context.Context, e callbackd.Event) (blobs []string, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.lockWall(ctx, "?", e.Account); err != nil {
			return err
		}
		const where = ` WHERE event_id = ? AND id <> ? AND id <> ?`
		if err := tx.sel(ctx, &blobs, `SELECT blob FROM event_pictures`+where, e.ID, e.Settings.Logo, e.Settings.Background); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `DELETE FROM event_pictures`+where, e.ID, e.Settings.Logo, e.Settings.Background)
		return err
	})
	return blobs, err
}

// ownPictures refuses settings that name a picture which the event has not.
func (tx *Tx) ownPictures(ctx context.Context, e callbackd.Event) error {
	for _, id := range []callbackd.PublicID{e.Settings.Logo, e.Settings.Background} {
		if id == "" {
			continue
		}
		var n int
		if err := tx.get(ctx, &n, `SELECT COUNT(*) FROM event_pictures WHERE id = ? AND event_id = ?`, id, e.ID); err != nil {
			return err
		}
		if n == 0 {
			return callbackd.Told(callbackd.ErrInvalid, "error.event_picture", "logo and background are pictures that were given to this event: give the files")
		}
	}
	return nil
}
