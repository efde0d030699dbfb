package store

import (
	"context"

	"callbackd"
)

// takeName calls a follower as they ask, unless something speaks against the name.
// What the public sees of it waits for a moderator, as any changed name does.
func (tx *Tx) takeName(ctx context.Context, cb *Callback, sender callbackd.SenderID, walls *wallCounters) (callbackd.CommandResult, error) {
	name := cb.Command.Name
	r := callbackd.CommandResult{Outcome: callbackd.CommandNotCalled, Name: name, NameWhy: cb.Command.NameWhy}
	if r.NameWhy == "" {
		var err error
		if r.NameWhy, err = tx.nameProblem(ctx, cb.Account.ID, sender, name, cb.Account.Name); err != nil {
			return r, err
		}
	}
	if r.NameWhy != "" {
		return r, nil // called as before
	}
	if _, err := tx.exec(ctx, `UPDATE senders SET chosen_name = ?, name_due = TRUE WHERE id = ?`, name, sender); err != nil {
		return r, err
	}
	if _, err := tx.judgeName(ctx, sender); err != nil {
		return r, err
	}
	if err := tx.queueFace(ctx, sender); err != nil {
		return r, err
	}
	if err := tx.touchShown(ctx, callbackd.Sender{ID: sender, Account: cb.Account.ID}, 0, callbackd.ModerationOpen, true, walls); err != nil {
		return r, err
	}
	var passed string
	if err := tx.get(ctx, &passed, `SELECT passed_name FROM senders WHERE id = ?`, sender); err != nil {
		return r, err
	}
	r.Outcome, r.Shown = callbackd.CommandNamed, passed == name || cb.Account.ModerationNow() == callbackd.ModerationOpen
	return r, nil
}
