package store

import (
	"context"
	"database/sql"
	"time"

	"callbackd"
)

// flatDecision is a decision as undo needs it.
type flatDecision struct {
	ID             int64
	Batch          string
	MessageID      callbackd.MessageID `db:"message_id"`
	PublicID       callbackd.PublicID  `db:"public_id"`
	Action         callbackd.Decision
	StateBefore    callbackd.State    `db:"state_before"`
	StateAfter     callbackd.State    `db:"state_after"`
	ApprovedBefore bool               `db:"approved_before"`
	PassedMedia    bool               `db:"passed_media"`
	Name           sql.NullString     // null: it covered none
	Avatar         sql.NullString     //
	NameBefore     string             `db:"name_before"`
	AvatarBefore   callbackd.PublicID `db:"avatar_before"`
	UndoneAt       int64              `db:"undone_at"`
}

// Undo takes a tap back: state, what passed with it, and the sender's counts are
// as before it. A message that was decided again since then stays as it is and
// is named in Late; where that is all of them, it is callbackd.ErrConflict. What
// was taken back already stays so. An unknown batch is callbackd.ErrNotFound.
func (db *DB) Undo(ctx context.Context, account callbackd.AccountID, by By) (Decided, error) {
	out := Decided{Batch: by.Batch}
	err := db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		var all []flatDecision
		if err := tx.sel(ctx, &all, `SELECT d.id, d.batch, d.message_id, m.public_id, d.action, d.state_before, d.state_after, d.approved_before, d.passed_media,
			d.name, d.avatar, d.name_before, d.avatar_before, d.undone_at FROM decisions d JOIN messages m ON m.id = d.message_id
			WHERE d.account_id = ? AND d.batch = ? ORDER BY d.id DESC`, account, by.Batch); err != nil {
			return err
		}
		if len(all) == 0 {
			return callbackd.ErrNotFound
		}
		for _, d := range all {
			done, err := tx.undo(ctx, account, d, by, walls)
			if err != nil {
				return err
			}
			if done {
				out.Done = append(out.Done, d.PublicID)
			} else {
				out.Late = append(out.Late, d.PublicID)
			}
		}
		if len(out.Done) == 0 {
			return callbackd.Public(callbackd.ErrConflict, "something newer stands on this decision", nil)
		}
		return walls.save(ctx)
	})
	return out, err
}

// undo reports false where something newer stands on the decision.
func (tx *Tx) undo(ctx context.Context, account callbackd.AccountID, d flatDecision, by By, walls *wallCounters) (bool, error) {
	if d.UndoneAt > 0 {
		return true, nil
	}
	row, err := tx.getMessage(ctx, account, d.PublicID)
	if err != nil {
		return false, err
	}
	var newer int
	if err := tx.get(ctx, &newer, `SELECT COUNT(*) FROM decisions WHERE message_id = ? AND id > ? AND undone_at = 0`, d.MessageID, d.ID); err != nil {
		return false, err
	}
	if newer > 0 || row.Message.State != d.StateAfter {
		return false, nil
	}
	if err := tx.audit(ctx, account, by.Actor, "undo "+string(d.Action), d.MessageID, string(d.StateAfter)+" → "+string(d.StateBefore)); err != nil {
		return false, err
	}
	if _, err := tx.exec(ctx, `UPDATE decisions SET undone_at = ?, undone_by = ? WHERE id = ?`, ms(tx.db.now()), by.Actor, d.ID); err != nil {
		return false, err
	}
	if _, err := tx.exec(ctx, `UPDATE messages SET state = ?, approved = ?, turn = turn + 1 WHERE id = ?`, d.StateBefore, d.ApprovedBefore, d.MessageID); err != nil {
		return false, err
	}
	if d.PassedMedia {
		if _, err := tx.exec(ctx, `UPDATE media SET passed = ? WHERE message_id = ?`, false, d.MessageID); err != nil {
			return false, err
		}
	}
	if err := tx.unpass(ctx, row, d, walls); err != nil {
		return false, err
	}
	if err := tx.settle(ctx, row, d.StateBefore, walls); err != nil {
		return false, err
	}
	return true, tx.handBack(ctx, account, d.MessageID, by.Holder)
}

// unpass gives the sender the name and picture that the decisions which still
// stand have covered; without one, those from before the first.
func (tx *Tx) unpass(ctx context.Context, row Row, d flatDecision, walls *wallCounters) error {
	name, avatar := row.Sender.PassedName, string(row.Sender.PassedAvatar)
	const standing = ` FROM decisions WHERE sender_id = ? AND undone_at = 0 AND id <> ? AND `
	const first = `(SELECT id FROM decisions WHERE sender_id = ? ORDER BY id LIMIT 1)`
	if d.Name.Valid {
		if err := tx.get(ctx, &name, `SELECT COALESCE((SELECT name`+standing+`name IS NOT NULL ORDER BY id DESC LIMIT 1),
			(SELECT name_before FROM decisions WHERE id = `+first+`))`, row.Sender.ID, d.ID, row.Sender.ID); err != nil {
			return err
		}
	}
	if d.Avatar.Valid {
		if err := tx.get(ctx, &avatar, `SELECT COALESCE((SELECT avatar`+standing+`avatar IS NOT NULL ORDER BY id DESC LIMIT 1),
			(SELECT avatar_before FROM decisions WHERE id = `+first+`))`, row.Sender.ID, d.ID, row.Sender.ID); err != nil {
			return err
		}
	}
	return tx.setPassed(ctx, row, name, callbackd.PublicID(avatar), walls)
}

// handBack lays a message that waits again before the moderator who took the
// decision back, unless it lies before somebody else.
func (tx *Tx) handBack(ctx context.Context, account callbackd.AccountID, id callbackd.MessageID, holder string) error {
	if holder == "" {
		return nil
	}
	_, err := tx.exec(ctx, `INSERT INTO queue_leases (message_id, account_id, holder) SELECT m.id, m.account_id, h.holder FROM messages m
		JOIN queue_holders h ON h.account_id = m.account_id WHERE m.id = ? AND m.queued_at > 0 AND h.account_id = ? AND h.holder = ? AND h.until > ?
		ON CONFLICT (message_id) DO NOTHING`, id, account, holder, ms(tx.db.now()))
	return err
}

// Trail is a tap as the trail tells it.
type Trail struct {
	Batch    string
	At       time.Time
	Actor    string
	Action   callbackd.Decision
	Messages int
	First    callbackd.PublicID // one of them
	Undone   bool
	UndoneBy string
}

// ListTrail returns an account's newest taps, newest first, out of its newest decisions.
func (db *DB) ListTrail(ctx context.Context, account callbackd.AccountID, limit int) ([]Trail, error) {
	var flat []struct {
		Batch, Actor string
		At           int64
		Action       callbackd.Decision
		N            int
		First        callbackd.PublicID
		UndoneAt     int64  `db:"undone_at"`
		UndoneBy     string `db:"undone_by"`
	}
	err := db.sel(ctx, &flat, `SELECT y.batch, y.actor, y.at, y.action, y.n, m.public_id AS first, y.undone_at, y.undone_by FROM
		(SELECT x.batch, MAX(x.actor) AS actor, MAX(x.at) AS at, MAX(x.action) AS action, COUNT(*) AS n, MAX(x.id) AS newest,
		MAX(x.message_id) AS message_id, MIN(x.undone_at) AS undone_at, MAX(x.undone_by) AS undone_by FROM
		(SELECT id, batch, actor, at, action, message_id, undone_at, undone_by FROM decisions WHERE account_id = ? ORDER BY id DESC LIMIT ?) x
		GROUP BY x.batch) y JOIN messages m ON m.id = y.message_id ORDER BY y.newest DESC LIMIT ?`,
		account, limit*trailDepth, limit)
	out := make([]Trail, len(flat))
	for i, f := range flat {
		out[i] = Trail{Batch: f.Batch, At: fromMS(f.At), Actor: f.Actor, Action: f.Action, Messages: f.N, First: f.First, Undone: f.UndoneAt > 0, UndoneBy: f.UndoneBy}
	}
	return out, err
}

// trailDepth is how many decisions are looked at for one tap of the trail.
const trailDepth = 20
