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

// AuditEntry is one step that somebody took.
type AuditEntry struct {
	At      time.Time
	Actor   string
	Action  string
	Message callbackd.MessageID // 0: about none
	Detail  string
}

// ListAudit returns an account's newest steps first.
func (db *DB) ListAudit(ctx context.Context, account callbackd.AccountID, limit int) ([]AuditEntry, error) {
	var flat []struct {
		At                    int64
		Actor, Action, Detail string
		MessageID             callbackd.MessageID `db:"message_id"`
	}
	err := db.sel(ctx, &flat, `SELECT at, actor, action, COALESCE(message_id, 0) AS message_id, detail FROM audit
		WHERE account_id = ? ORDER BY id DESC LIMIT ?`, account, limit)
	out := make([]AuditEntry, len(flat))
	for i, f := range flat {
		out[i] = AuditEntry{At: fromMS(f.At), Actor: f.Actor, Action: f.Action, Message: f.MessageID, Detail: f.Detail}
	}
	return out, err
}
