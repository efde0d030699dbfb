package store

import (
	"context"
	"time"

	"callbackd"
)

func (tx *Tx) audit(ctx context.Context, account callbackd.AccountID, actor, action string, message callbackd.MessageID, detail string) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (id, account_id, at, actor, action, message_id, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.db.ids.next(), account, ms(tx.db.now()), actor, action, message, detail)
	return err
}

// Audit writes down a step that changes no row of ours.
func (db *DB) Audit(ctx context.Context, account callbackd.AccountID, actor, action, detail string) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.audit(ctx, account, actor, action, 0, detail) })
}

// AuditEntry is one step that somebody took.
type AuditEntry struct {
	ID      int64 // grows with time
	At      time.Time
	Actor   string
	Action  string
	Message callbackd.MessageID // 0: about none
	Public  callbackd.PublicID  // of the message; empty where it is about none, or nothing is left of it
	Detail  string
}

// ListAudit returns an account's newest steps first: those before an entry, or
// with 0 from the newest. Account 0 has the steps about the installation.
func (db *DB) ListAudit(ctx context.Context, account callbackd.AccountID, before int64, limit int) ([]AuditEntry, error) {
	var flat []struct {
		ID, At                int64
		Actor, Action, Detail string
		MessageID             callbackd.MessageID `db:"message_id"`
		PublicID              callbackd.PublicID  `db:"public_id"`
	}
	where, args := `a.account_id = ?`, []any{account}
	if before > 0 {
		where, args = where+` AND a.id < ?`, append(args, before)
	}
	err := db.sel(ctx, &flat, `SELECT a.id, a.at, a.actor, a.action, COALESCE(a.message_id, 0) AS message_id, a.detail, COALESCE(m.public_id, '') AS public_id
		FROM audit a LEFT JOIN messages m ON m.id = a.message_id WHERE `+where+` ORDER BY a.id DESC LIMIT ?`, append(args, limit)...)
	out := make([]AuditEntry, len(flat))
	for i, f := range flat {
		out[i] = AuditEntry{ID: f.ID, At: fromMS(f.At), Actor: f.Actor, Action: f.Action, Message: f.MessageID, Public: f.PublicID, Detail: f.Detail}
	}
	return out, err
}
