package store

import (
	"context"

	"callbackd"
)

// GetRow returns a message by its key.
func (db *DB) GetRow(ctx context.Context, id callbackd.MessageID) (Row, error) {
	var flat flatRow
	err := db.get(ctx, &flat, sqlRows+`WHERE m.id = ?`, id)
	return flat.row(), err
}

// ByChecker is the actor of what an account's checker let through.
const ByChecker = "checker"

// AwaitsChecker reports whether a message still waits for its account's checker:
// it is held for no other reason, and nobody has decided on it.
func AwaitsChecker(row Row) bool {
	code := row.Message.Reason.Code()
	return row.Message.State == callbackd.StateHeld && row.Message.Turn == 0 && (code == callbackd.HeldWaits || code == callbackd.HeldAway)
}

// SetChecked takes the answer of an account's checker on a message that waits for
// it: an empty reason lets it through, any other says why it stays held. Where it
// waits no more, or its sender was blocked meanwhile, nothing is let through.
func (db *DB) SetChecked(ctx context.Context, account callbackd.AccountID, id callbackd.MessageID, why callbackd.HeldReason) error {
	return db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		var flat flatRow
		if err := tx.get(ctx, &flat, sqlRows+`WHERE m.account_id = ? AND m.id = ?`, account, id); err != nil {
			return err
		}
		row := flat.row()
		if !AwaitsChecker(row) {
			return nil
		}
		switch {
		case row.Sender.Blocked:
			why = callbackd.NewHeldReason(callbackd.HeldBlocked)
		case why == "" && row.Message.Event == callbackd.OutsideEvents:
			return tx.setReason(ctx, id, "") // it belongs to no wall; a moderator may still look at it
		}
		if err := tx.setReason(ctx, id, why); err != nil || why != "" {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE messages SET state = ? WHERE id = ?`, callbackd.StateShown, id); err != nil {
			return err
		}
		if err := tx.audit(ctx, account, ByChecker, "check", id, "held → shown"); err != nil {
			return err
		}
		if err := tx.settle(ctx, row, callbackd.StateShown, walls); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

func (tx *Tx) setReason(ctx context.Context, id callbackd.MessageID, why callbackd.HeldReason) error {
	_, err := tx.exec(ctx, `UPDATE messages SET reason = ? WHERE id = ?`, why, id)
	tx.ring.queue = true // the desk shows it
	return err
}
