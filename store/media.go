package store

import (
	"context"
	"strconv"
	"time"

	"callbackd"
)

// GetMediaRow returns the message that a media row belongs to, with it.
func (db *DB) GetMediaRow(ctx context.Context, id callbackd.MediaID) (Row, error) {
	var flat flatRow
	err := db.get(ctx, &flat, sqlRows+`WHERE md.id = ?`, id)
	return flat.row(), err
}

// ListMediaOfSender returns the messages with media that a sender sent between
// two times (CreateTime, both ends included), oldest first.
func (db *DB) ListMediaOfSender(ctx context.Context, sender callbackd.SenderID, from, to time.Time, limit int) ([]Row, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.sender_id = ? AND md.id IS NOT NULL AND m.sent_at >= ? AND m.sent_at <= ? ORDER BY m.id LIMIT ?`,
		sender, ms(from), ms(to), limit)
	return toRows(flat), err
}

// SetMediaSource notes the blob with a media row's bytes as they came, and
// makes it due to be turned into what the page plays.
func (db *DB) SetMediaSource(ctx context.Context, id callbackd.MediaID, account callbackd.AccountID, source string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `UPDATE media SET source = ? WHERE id = ? AND state = 'pending'`, source, id); err != nil {
			return err
		}
		return tx.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobMediaMake, Key: strconv.FormatInt(int64(id), 10), Account: account, DueAt: tx.db.now()})
	})
}

// SearchMedia hands a media row over to the operator pages. Serial, because an
// account has one operator session.
func (db *DB) SearchMedia(ctx context.Context, id callbackd.MediaID, account callbackd.AccountID, deadline time.Time) error {
	return db.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobMediaSearch, Key: strconv.FormatInt(int64(id), 10), Serial: MPWebSerial(account),
		Account: account, DueAt: db.now(), Deadline: deadline})
}

// Made is what came out of a media file.
type Made struct {
	Main     callbackd.Variant // IDs are drawn by SetMediaReady
	Poster   *callbackd.Variant
	Thumb    *callbackd.Variant
	Duration time.Duration
	Width    int
	Height   int
	Waveform []byte
}

// SetMediaReady stores what the page plays. It passes the gate at once only
// where the message arrived in open moderation, or in auto and from a sender who
// is trusted and whose message auto let through; a media row that is no longer
// pending is left as it is.
func (db *DB) SetMediaReady(ctx context.Context, id callbackd.MediaID, made Made) error {
	return db.endMedia(ctx, id, func(tx *Tx, row Row) error {
		files := map[string]*callbackd.Variant{"main": &made.Main, "poster": made.Poster, "thumb": made.Thumb}
		for name, v := range files {
			if v == nil {
				continue
			}
			if _, err := tx.exec(ctx, `INSERT INTO media_files (id, media_id, variant, blob, type, size) VALUES (?, ?, ?, ?, ?, ?)`,
				callbackd.NewPublicID(), id, name, v.Blob, v.Type, v.Size); err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, `UPDATE media SET state = 'ready', passed = ?, ready_at = ?, duration_ms = ?, width = ?, height = ?, waveform = ? WHERE id = ?`,
			passesAtOnce(row), ms(tx.db.now()), made.Duration.Milliseconds(), made.Width, made.Height, made.Waveform, id)
		return err
	})
}

func passesAtOnce(row Row) bool {
	m := row.Message
	return m.Moderation == callbackd.ModerationOpen ||
		m.Moderation == callbackd.ModerationAuto && m.State == callbackd.StateShown && m.Reason == "" && row.Sender.Trusted
}

// SetMediaFailed gives a media row up; reason is a key for people.
func (db *DB) SetMediaFailed(ctx context.Context, id callbackd.MediaID, reason string) error {
	return db.endMedia(ctx, id, func(tx *Tx, _ Row) error {
		_, err := tx.exec(ctx, `UPDATE media SET state = 'failed', reason = ? WHERE id = ?`, reason, id)
		return err
	})
}

// endMedia ends the wait for a media row, and gives its message a new rev
// where the wall shows it.
func (db *DB) endMedia(ctx context.Context, id callbackd.MediaID, end func(tx *Tx, row Row) error) error {
	return db.Write(ctx, func(tx *Tx) error {
		var account callbackd.AccountID
		if err := tx.get(ctx, &account, `SELECT account_id FROM media WHERE id = ?`, id); err != nil {
			return err
		}
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil { // the wall's lock first, as everywhere
			return err
		}
		var flat flatRow
		if err := tx.get(ctx, &flat, sqlRows+`WHERE md.id = ?`, id); err != nil {
			return err
		}
		row := flat.row()
		if row.Media.State != callbackd.MediaPending {
			return nil
		}
		if err := end(tx, row); err != nil {
			return err
		}
		if row.Message.State == callbackd.StateShown {
			if err := tx.placeOnWall(ctx, row.Message, callbackd.StateShown, walls); err != nil {
				return err
			}
		}
		if err := tx.queueMessage(ctx, row.Message.ID); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

// MediaCount counts media rows for metrics.
type MediaCount struct {
	Account callbackd.AccountID `db:"account_id"`
	Kind    callbackd.Kind
	State   callbackd.MediaState
	N       int64
}

// CountMedia counts media by account, kind and state.
func (db *DB) CountMedia(ctx context.Context) (out []MediaCount, err error) {
	return out, db.sel(ctx, &out, `SELECT account_id, kind, state, COUNT(*) AS n FROM media GROUP BY account_id, kind, state`)
}
