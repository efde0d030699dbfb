package store

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"callbackd"
)

// rateSpan is the time in which the messages of one sender are counted.
const rateSpan = time.Minute

// firstState asks the gate's rule for arrivals, with what the account is known to
// do. Only a message that would be shown costs a look at its wall, whose lock it
// takes anyway: there stands what is true now. Nothing is shown that comes
// outside a live event.
func (tx *Tx) firstState(ctx context.Context, cb *Callback, sender cachedSender, walls *wallCounters) (callbackd.State, callbackd.HeldReason, callbackd.Moderation, error) {
	moderation := cb.Account.ModerationNow()
	state, reason, err := tx.stateUnder(ctx, cb, sender, moderation)
	if err != nil || state != callbackd.StateShown {
		return state, reason, moderation, err
	}
	c, err := walls.of(ctx, cb.Account.ID)
	if err != nil {
		return "", "", "", err
	}
	if c.belongs() == callbackd.OutsideEvents {
		return callbackd.StateHeld, "", moderation, nil
	}
	if now := cmp.Or(c.Moderation, cb.Account.Moderation); now != moderation {
		moderation = now
		state, reason, err = tx.stateUnder(ctx, cb, sender, moderation)
	}
	return state, reason, moderation, err
}

// stateUnder is the first state in a moderation; only auto needs to know more of
// the sender than whether it is blocked.
func (tx *Tx) stateUnder(ctx context.Context, cb *Callback, sender cachedSender, moderation callbackd.Moderation) (callbackd.State, callbackd.HeldReason, error) {
	a := callbackd.Arrival{Moderation: moderation, Kind: cb.Message.Kind, Blocked: sender.blocked, Filters: cb.Account.Filters, Found: cb.Found}
	if moderation == callbackd.ModerationAuto && !a.Blocked {
		var row struct {
			Approved, Removed, Recent int
			Trusted                   bool
		}
		if err := tx.get(ctx, &row, `SELECT approved, removed, trusted, (SELECT COUNT(*) FROM (SELECT received_at FROM messages
			WHERE sender_id = ? ORDER BY id DESC LIMIT ?) newest WHERE received_at > ?) AS recent FROM senders WHERE id = ?`,
			sender.id, a.Filters.Limit(), ms(cb.ReceivedAt.Add(-rateSpan)), sender.id); err != nil {
			return "", "", err
		}
		a.SenderApproved, a.SenderRemoved, a.Recent, a.Trusted = row.Approved, row.Removed, row.Recent, row.Trusted
	}
	state, why := callbackd.FirstState(a)
	return state, why, nil
}

// enqueueCheck has the account's checker asked for a message that waits for it.
func (tx *Tx) enqueueCheck(ctx context.Context, account callbackd.AccountID, message int64, now time.Time) error {
	return tx.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobCheck, Key: strconv.FormatInt(message, 10), Account: account, DueAt: now,
		Deadline: now.Add(CheckDeadline)})
}

// CheckDeadline is how long a checker that does not answer is asked again.
const CheckDeadline = 10 * time.Minute
