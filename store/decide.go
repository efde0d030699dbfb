package store

import (
	"context"
	"errors"
	"time"

	"callbackd"
)

// Verdict is a moderator's step on one message.
type Verdict struct {
	Message  callbackd.PublicID
	Decision callbackd.Decision
	Seen     Seen
}

// Decided is what became of a tap.
type Decided struct {
	Batch string               // for Undo
	Done  []callbackd.PublicID // decided by this tap, now or when it came first
	Late  []callbackd.PublicID // not decided: somebody else was first, or the step does not exist
}

// MaxVerdicts bounds the messages of one tap, because one transaction takes them all.
const MaxVerdicts = 200

// Decide takes the steps of one tap in one transaction. Each message is decided
// once: where it was decided since it was looked at, nothing happens to it and
// it is named in Late. The same Batch again tells what the first one did. A
// message that the account does not have is callbackd.ErrNotFound.
func (db *DB) Decide(ctx context.Context, account callbackd.AccountID, by By, verdicts []Verdict) (Decided, error) {
	if len(verdicts) > MaxVerdicts {
		return Decided{}, callbackd.Public(callbackd.ErrInvalid, "too many messages at once", nil)
	}
	if by.Batch == "" {
		by.Batch = newBatch()
	}
	out := Decided{Batch: by.Batch}
	err := db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if _, err := walls.of(ctx, account); err != nil {
			return err
		}
		first, err := tx.batch(ctx, account, by.Batch)
		if err != nil {
			return err
		}
		for _, v := range verdicts {
			done := first[v.Message]
			if len(first) == 0 {
				if done, err = tx.verdict(ctx, account, v, by, walls); err != nil {
					return err
				}
			}
			if done {
				out.Done = append(out.Done, v.Message)
			} else {
				out.Late = append(out.Late, v.Message)
			}
		}
		return walls.save(ctx)
	})
	return out, err
}

// verdict reports false where the message was decided since it was looked at.
func (tx *Tx) verdict(ctx context.Context, account callbackd.AccountID, v Verdict, by By, walls *wallCounters) (bool, error) {
	row, err := tx.getMessage(ctx, account, v.Message)
	if err != nil {
		return false, err
	}
	to, ok := callbackd.Decide(row.Message.State, v.Decision)
	if !ok || row.Message.Turn != v.Seen.Turn {
		return false, nil
	}
	return true, tx.decide(ctx, row, to, v.Decision, v.Seen, by, walls)
}

// batch returns the messages that a tap decided.
func (tx *Tx) batch(ctx context.Context, account callbackd.AccountID, batch string) (map[callbackd.PublicID]bool, error) {
	var ids []callbackd.PublicID
	err := tx.sel(ctx, &ids, `SELECT m.public_id FROM decisions d JOIN messages m ON m.id = d.message_id WHERE d.account_id = ? AND d.batch = ?`, account, batch)
	out := map[callbackd.PublicID]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

// SenderVerdict is a step on everything of one sender.
type SenderVerdict struct {
	Sender   callbackd.PublicID
	Decision callbackd.Decision
	// LookedAt bounds an approval: what arrived later, or became playable later,
	// was not seen. Refusing and taking down reach whatever there is.
	LookedAt time.Time
	Seen     Seen // of name and picture
}

// DecideSender approves or refuses everything of a sender that is held in the
// event of the wall, or takes down everything that is shown there. It takes as
// many transactions as it needs; all of them are one batch.
func (db *DB) DecideSender(ctx context.Context, account callbackd.AccountID, by By, v SenderVerdict) (Decided, error) {
	if by.Batch == "" {
		by.Batch = newBatch()
	}
	out := Decided{Batch: by.Batch}
	for {
		var done []callbackd.PublicID
		err := db.Write(ctx, func(tx *Tx) (err error) {
			done, err = tx.decideSender(ctx, account, by, v)
			return err
		})
		if out.Done = append(out.Done, done...); err != nil || len(done) < MaxVerdicts {
			return out, err
		}
	}
}

func (tx *Tx) decideSender(ctx context.Context, account callbackd.AccountID, by By, v SenderVerdict) (done []callbackd.PublicID, err error) {
	walls := newWallCounters(tx)
	if _, err := walls.of(ctx, account); err != nil {
		return nil, err
	}
	var undone int
	if err := tx.get(ctx, &undone, `SELECT COUNT(*) FROM decisions WHERE account_id = ? AND batch = ? AND undone_at > 0`, account, by.Batch); err != nil {
		return nil, err
	}
	if undone > 0 {
		return nil, nil // it came before and was taken back: the repeat is late
	}
	q, args := sqlRows+`WHERE s.account_id = ? AND s.public_id = ? AND m.state = ?`+inCurrentEvent, []any{account, v.Sender, callbackd.StateHeld, account}
	if v.Decision == callbackd.DecisionRemove {
		args[2] = callbackd.StateShown
	}
	if v.Decision == callbackd.DecisionApprove {
		q, args = q+` AND m.received_at <= ?`, append(args, ms(v.LookedAt))
	}
	var flat []flatRow
	if err := tx.sel(ctx, &flat, q+` ORDER BY m.id LIMIT ?`, append(args, MaxVerdicts)...); err != nil {
		return nil, err
	}
	for i := range flat {
		row, seen := flat[i].row(), v.Seen
		if row.Media != nil && !row.Media.ReadyAt.IsZero() && !row.Media.ReadyAt.After(v.LookedAt) {
			seen.Media = SeenOf(row).Media
		}
		if i > 0 { // the first step may have passed the name: look again
			if row, err = tx.getMessage(ctx, account, row.Message.PublicID); err != nil {
				return nil, err
			}
		}
		to, ok := callbackd.Decide(row.Message.State, v.Decision)
		if !ok {
			return nil, errors.New("a step that does not exist for the state that was asked for")
		}
		if err := tx.decide(ctx, row, to, v.Decision, seen, by, walls); err != nil {
			return nil, err
		}
		done = append(done, row.Message.PublicID)
	}
	return done, walls.save(ctx)
}
