package store

import (
	"context"
	"errors"
	"time"

	"callbackd"
)

// StartChief keeps the code by which an operator becomes known as a follower of an
// account; it replaces an earlier one.
func (db *DB) StartChief(ctx context.Context, o callbackd.OperatorID, account callbackd.AccountID, code string, expires time.Time) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO chief_codes (operator_id, account_id, code, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (operator_id, account_id) DO UPDATE SET code = excluded.code, expires_at = excluded.expires_at`,
			o, account, codeDigest(code), ms(expires))
		return err
	})
}

// IsChief tells whether an operator is known as a follower of an account.
func (db *DB) IsChief(ctx context.Context, o callbackd.OperatorID, account callbackd.AccountID) (bool, error) {
	var n int
	err := db.get(ctx, &n, `SELECT COUNT(*) FROM chiefs WHERE operator_id = ? AND account_id = ?`, o, account)
	return n > 0, err
}

// EndChief forgets which follower an operator is.
func (db *DB) EndChief(ctx context.Context, o callbackd.OperatorID, account callbackd.AccountID, actor string) error {
	return db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `DELETE FROM chief_codes WHERE operator_id = ? AND account_id = ?`, o, account); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `DELETE FROM chiefs WHERE operator_id = ? AND account_id = ?`, o, account)
		if err != nil || n == 0 {
			return err
		}
		return tx.auditOperator(ctx, account, actor, "wechat-unbind", "")
	})
}

// takeChiefCode makes the sender of a live code known as the operator whose code it
// is. Only a body that AES authenticated counts: in plain mode whoever learned one
// address could send anything in anybody's name.
func (tx *Tx) takeChiefCode(ctx context.Context, cb *Callback, sender callbackd.SenderID) (callbackd.CommandOutcome, error) {
	var found struct {
		OperatorID callbackd.OperatorID `db:"operator_id"`
		ExpiresAt  int64                `db:"expires_at"`
		Name       string
	}
	err := tx.get(ctx, &found, `SELECT c.operator_id, c.expires_at, o.name FROM chief_codes c JOIN operators o ON o.id = c.operator_id
		WHERE c.account_id = ? AND c.code = ?`, cb.Account.ID, codeDigest(cb.Command.Code))
	switch {
	case isNoRows(err):
		return callbackd.CommandNone, nil
	case err != nil:
		return callbackd.CommandNone, err
	case found.ExpiresAt <= ms(cb.ReceivedAt):
		return callbackd.CommandExpired, nil
	case !cb.Sealed:
		return callbackd.CommandUnsealed, nil
	}
	if _, err := tx.exec(ctx, `DELETE FROM chief_codes WHERE operator_id = ? AND account_id = ?`, found.OperatorID, cb.Account.ID); err != nil {
		return callbackd.CommandNone, err
	}
	if _, err := tx.exec(ctx, `INSERT INTO chiefs (operator_id, account_id, sender_id, bound_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (operator_id, account_id) DO UPDATE SET sender_id = excluded.sender_id, bound_at = excluded.bound_at`,
		found.OperatorID, cb.Account.ID, sender, ms(cb.ReceivedAt)); err != nil {
		return callbackd.CommandNone, err
	}
	return callbackd.CommandChief, tx.auditOperator(ctx, cb.Account.ID, "operator:"+found.Name, "wechat-bind", "")
}

// takeControl halts the wall, or opens it again, for an owner who says so in
// WeChat. From anybody else the same words are a message.
func (tx *Tx) takeControl(ctx context.Context, cb *Callback, sender callbackd.SenderID, walls *wallCounters) (callbackd.CommandOutcome, error) {
	var name string
	err := tx.get(ctx, &name, `SELECT o.name FROM chiefs c JOIN operators o ON o.id = c.operator_id
		LEFT JOIN operator_roles r ON r.operator_id = o.id AND r.account_id = c.account_id
		WHERE c.sender_id = ? AND c.account_id = ? AND (o.everything OR r.role = ?) LIMIT 1`, sender, cb.Account.ID, callbackd.RoleOwner)
	switch {
	case isNoRows(err):
		return callbackd.CommandNone, nil
	case err != nil:
		return callbackd.CommandNone, err
	case !cb.Sealed:
		return callbackd.CommandUnsealed, nil
	}
	c, outcome := callbackd.ControlPanic, callbackd.CommandPanicked
	if cb.Command.Kind == callbackd.CommandResume {
		c, outcome = callbackd.ControlResume, callbackd.CommandResumed
	}
	if _, err := tx.setStage(ctx, cb.Account.ID, callbackd.Control{Kind: c}, "wechat:"+name, walls); err != nil {
		if errors.Is(err, callbackd.ErrConflict) {
			return outcome, nil // it is so already
		}
		return callbackd.CommandNone, err
	}
	return outcome, nil
}
