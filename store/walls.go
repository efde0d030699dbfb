package store

import (
	"context"
	"slices"

	"callbackd"
)

// Span bounds a page of a wall by seq, both ends exclusive; 0 or less of
// After with HasAfter false and Before 0 means the newest.
type Span struct {
	After    int64
	HasAfter bool
	Before   int64 // 0: no bound
	Limit    int
}

// ListShown returns the wall's rev and the shown messages of the event that it
// shows, after what was cleared, in ascending order of seq: with After the oldest
// after it, else the newest. Whether the wall is open is for the gate to say.
func (db *DB) ListShown(ctx context.Context, account callbackd.AccountID, s Span) (rev int64, rows []Row, err error) {
	// rev first: what changes between the two reads comes again as a change.
	if rev, err = db.GetRev(ctx, account); err != nil {
		return 0, nil, err
	}
	q, args := sqlRows+`WHERE m.account_id = ? AND m.state = 'shown' AND m.event_id = w.event_id AND m.seq > w.cleared_seq`, []any{account}
	order := ` ORDER BY m.seq DESC LIMIT ?`
	if s.HasAfter {
		q, args = q+` AND m.seq > ?`, append(args, s.After)
		if s.Before == 0 {
			order = ` ORDER BY m.seq ASC LIMIT ?`
		}
	}
	if s.Before > 0 {
		q, args = q+` AND m.seq < ?`, append(args, s.Before)
		if s.HasAfter {
			order = ` ORDER BY m.seq ASC LIMIT ?`
		}
	}
	var flat []flatRow
	if err := db.sel(ctx, &flat, q+order, append(args, s.Limit)...); err != nil {
		return 0, nil, err
	}
	rows = toRows(flat)
	slices.SortFunc(rows, func(a, b Row) int { return int(a.Message.Seq - b.Message.Seq) })
	return rev, rows, nil
}

// GetRev returns the rev of a wall.
func (db *DB) GetRev(ctx context.Context, account callbackd.AccountID) (rev int64, err error) {
	return rev, db.get(ctx, &rev, `SELECT rev FROM walls WHERE account_id = ?`, account)
}

// Wall is an account's slug with its wall's rev.
type Wall struct {
	Account callbackd.AccountID `db:"account_id"`
	Slug    callbackd.Slug
	Rev     int64
	Control int64 `db:"control_rev"` // rev of the last change of the stage; 0: none
}

// ListWalls returns all walls with their rev.
func (db *DB) ListWalls(ctx context.Context) (walls []Wall, err error) {
	return walls, db.sel(ctx, &walls, `SELECT w.account_id, a.slug, w.rev, w.control_rev FROM walls w JOIN accounts a ON a.id = w.account_id`)
}

// ListChanged returns the messages that changed on a wall after a rev, each
// with its newest state, in order of rev. A message that changed several times
// comes once.
func (db *DB) ListChanged(ctx context.Context, account callbackd.AccountID, after int64, limit int) ([]Row, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.rev > ? ORDER BY m.rev LIMIT ?`, account, after, limit)
	return toRows(flat), err
}

// MessageFilter chooses messages for operators.
type MessageFilter struct {
	State  callbackd.State // empty: all
	Before callbackd.MessageID
	Limit  int
}

// ListMessages returns an account's messages, newest first.
func (db *DB) ListMessages(ctx context.Context, account callbackd.AccountID, f MessageFilter) ([]Row, error) {
	q, args := sqlRows+`WHERE m.account_id = ?`, []any{account}
	if f.State != "" {
		q, args = q+` AND m.state = ?`, append(args, f.State)
	}
	if f.Before != 0 {
		q, args = q+` AND m.id < ?`, append(args, f.Before)
	}
	var flat []flatRow
	err := db.sel(ctx, &flat, q+` ORDER BY m.id DESC LIMIT ?`, append(args, f.Limit)...)
	return toRows(flat), err
}

// GetMessage returns one message of an account.
func (db *DB) GetMessage(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID) (Row, error) {
	var flat flatRow
	err := db.get(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.public_id = ?`, account, id)
	return flat.row(), err
}

// GetRowByFile returns the message that a media file belongs to, with the file.
func (db *DB) GetRowByFile(ctx context.Context, file callbackd.PublicID) (Row, error) {
	var flat flatRow
	err := db.get(ctx, &flat, sqlRows+`WHERE m.id = (SELECT md2.message_id FROM media_files f JOIN media md2 ON md2.id = f.media_id WHERE f.id = ?)`, file)
	return flat.row(), err
}

// ListRowsOfSender returns the newest messages of a sender that the wall shows
// while it is open.
func (db *DB) ListRowsOfSender(ctx context.Context, sender callbackd.SenderID, limit int) ([]Row, error) {
	var flat []flatRow
	err := db.sel(ctx, &flat, sqlRows+`WHERE m.sender_id = ? AND m.state = 'shown' AND m.event_id = w.event_id AND m.seq > w.cleared_seq ORDER BY m.id DESC LIMIT ?`, sender, limit)
	return toRows(flat), err
}

// GetMessageState tells where a message of an account stands.
func (db *DB) GetMessageState(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID) (state callbackd.State, err error) {
	return state, db.get(ctx, &state, `SELECT state FROM messages WHERE account_id = ? AND public_id = ?`, account, id)
}

// CountMessages tells how many messages of an account are in each state.
func (db *DB) CountMessages(ctx context.Context, account callbackd.AccountID) (map[callbackd.State]int, error) {
	var counts []struct {
		State callbackd.State
		N     int
	}
	err := db.sel(ctx, &counts, `SELECT state, COUNT(*) AS n FROM messages WHERE account_id = ? GROUP BY state`, account)
	out := map[callbackd.State]int{}
	for _, c := range counts {
		out[c.State] = c.N
	}
	return out, err
}
