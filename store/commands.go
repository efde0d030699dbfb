package store

import (
	"context"
	"time"

	"callbackd"
)

const (
	bindingLife = callbackd.BindingMinutes * time.Minute
	sqlAnswer   = `UPDATE callbacks SET answer = ? WHERE account_id = ? AND repeat_key = ?`
)

// commanded is what a command did, for those who are told after the commit.
type commanded struct {
	result callbackd.CommandResult
	answer string
	freed  []callbackd.ViewerID
}

// command does what a follower asks for. Of an outcome that is not CommandNone
// the callback keeps the reply as its answer, which repeats get as well. It runs
// under the wall's lock.
func (tx *Tx) command(ctx context.Context, cb *Callback, key []byte, sender callbackd.SenderID, walls *wallCounters) (c commanded, err error) {
	switch cb.Command.Kind {
	case callbackd.CommandBind:
		c.result.Outcome, err = tx.takeCode(ctx, cb, sender)
	case callbackd.CommandYes:
		c.result.Outcome, err = tx.takeYes(ctx, cb, sender)
	case callbackd.CommandUnbind:
		c.freed, err = tx.unbindFollower(ctx, sender, ms(cb.ReceivedAt))
		c.result = callbackd.CommandResult{Outcome: callbackd.CommandUnbound, Viewers: len(c.freed)}
	case callbackd.CommandPanic, callbackd.CommandResume:
		c.result.Outcome, err = tx.takeControl(ctx, cb, sender, walls)
	case callbackd.CommandName:
		c.result, err = tx.takeName(ctx, cb, sender, walls)
	default:
		c.result, err = tx.turnSwitch(ctx, cb, sender)
	}
	if err != nil || c.result.Outcome == callbackd.CommandNone {
		return c, err
	}
	if err := tx.hear(ctx, cb, sender); err != nil {
		return c, err
	}
	if cb.Reply != nil {
		c.answer = cb.Reply(c.result)
	}
	_, err = tx.exec(ctx, sqlAnswer, c.answer, cb.Account.ID, key)
	return c, err
}

// hear notes that the follower was heard: it opens the platform's window, and no
// message tells of it.
func (tx *Tx) hear(ctx context.Context, cb *Callback, sender callbackd.SenderID) error {
	if err := tx.makePreferences(ctx, cb.Account.ID, sender); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `UPDATE preferences SET heard_at = ? WHERE sender_id = ?`, ms(cb.ReceivedAt), sender)
	return err
}

// takeCode asks the follower whose code it is whether they mean it.
func (tx *Tx) takeCode(ctx context.Context, cb *Callback, sender callbackd.SenderID) (callbackd.CommandOutcome, error) {
	now := ms(cb.ReceivedAt)
	var known []flatBinding
	if err := tx.sel(ctx, &known, `SELECT `+bindingColumns+` FROM bindings WHERE account_id = ? AND code = ?`,
		cb.Account.ID, codeDigest(cb.Command.Code)); err != nil {
		return callbackd.CommandNone, err
	}
	wrong, err := tx.wrongCodes(ctx, sender, cb.ReceivedAt)
	if err != nil {
		return callbackd.CommandNone, err
	}
	locked := wrong >= callbackd.WrongCodes
	if len(known) == 0 && !locked {
		if outcome, err := tx.takeChiefCode(ctx, cb, sender); err != nil || outcome != callbackd.CommandNone {
			return outcome, err
		}
	}
	if len(known) == 0 {
		// A scene comes from a QR that we made: an old one is no guess. Whoever is
		// locked already need not be counted on.
		if cb.Message != nil && !locked {
			_, err = tx.exec(ctx, `INSERT INTO code_tries (id, sender_id, tried_at) VALUES (?, ?, ?)`, tx.db.ids.next(), sender, now)
		}
		return callbackd.CommandNone, err
	}
	b := known[0]
	askedAgain := b.State == callbackd.BindingAsked && b.SenderID.Int64 == int64(sender)
	switch {
	case b.ExpiresAt <= now || b.State != callbackd.BindingWaiting && !askedAgain:
		return callbackd.CommandExpired, nil
	case locked:
		return callbackd.CommandLocked, nil
	case askedAgain: // scanned and sent, say: the same question, not a longer one
		return callbackd.CommandAsk, nil
	}
	_, err = tx.exec(ctx, `UPDATE bindings SET state = ?, sender_id = ?, asked_at = ?, expires_at = ? WHERE viewer_id = ?`,
		callbackd.BindingAsked, sender, now, ms(cb.ReceivedAt.Add(bindingLife)), b.ViewerID)
	return callbackd.CommandAsk, err
}

// wrongCodes counts the codes of the last hour that were none.
func (tx *Tx) wrongCodes(ctx context.Context, sender callbackd.SenderID, now time.Time) (n int, err error) {
	return n, tx.get(ctx, &n, `SELECT COUNT(*) FROM code_tries WHERE sender_id = ? AND tried_at > ?`, sender, ms(now.Add(-CodeTryLife)))
}

// takeYes is the answer to the newest question that this follower was asked.
func (tx *Tx) takeYes(ctx context.Context, cb *Callback, sender callbackd.SenderID) (callbackd.CommandOutcome, error) {
	now := ms(cb.ReceivedAt)
	var viewers []callbackd.ViewerID
	if err := tx.sel(ctx, &viewers, `SELECT viewer_id FROM bindings WHERE sender_id = ? AND state = ? AND expires_at > ?
		ORDER BY asked_at DESC, viewer_id DESC LIMIT 1`, sender, callbackd.BindingAsked, now); err != nil || len(viewers) == 0 {
		return callbackd.CommandNone, err
	}
	_, err := tx.exec(ctx, `UPDATE bindings SET state = ?, expires_at = ? WHERE viewer_id = ?`,
		callbackd.BindingAgreed, ms(cb.ReceivedAt.Add(bindingLife)), viewers[0])
	return callbackd.CommandAgreed, err
}

// turnSwitch sets a preference, and consent where it follows from it.
func (tx *Tx) turnSwitch(ctx context.Context, cb *Callback, sender callbackd.SenderID) (callbackd.CommandResult, error) {
	p, err := tx.getPreferences(ctx, sender)
	if err != nil {
		return callbackd.CommandResult{}, err
	}
	switch cb.Command.Kind {
	case callbackd.CommandReceiveOn, callbackd.CommandReceiveOff:
		p.Receive = cb.Command.Kind == callbackd.CommandReceiveOn
		err = tx.setConsent(ctx, cb.Account.ID, sender, p.Receive)
	case callbackd.CommandDetailOn:
		p.Detail = max(p.Detail, callbackd.LevelName)
	case callbackd.CommandDetailOff:
		p.Detail = callbackd.LevelHint
	default:
		return callbackd.CommandResult{}, nil
	}
	if err != nil {
		return callbackd.CommandResult{}, err
	}
	return callbackd.CommandResult{Outcome: callbackd.CommandSet, Preferences: p}, tx.setPreferences(ctx, cb.Account.ID, sender, p)
}
