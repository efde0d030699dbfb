package store

import (
	"context"
	"encoding/json"
	"fmt"

	"callbackd"
)

const sqlStage = `SELECT seq, rev, event_id, event_state, moderation, stage, cleared_seq, pins, spotlight, control_rev, opened_rev
	FROM walls WHERE account_id = ?`

type flatStage struct {
	Seq, Rev   int64
	EventID    callbackd.EventID    `db:"event_id"`
	EventState callbackd.EventState `db:"event_state"`
	Moderation callbackd.Moderation
	Stage      callbackd.StageState
	ClearedSeq int64 `db:"cleared_seq"`
	Pins       string
	Spotlight  callbackd.PublicID
	ControlRev int64 `db:"control_rev"`
	OpenedRev  int64 `db:"opened_rev"`
}

func (f flatStage) stage() (callbackd.Stage, error) {
	s := callbackd.Stage{Event: f.EventID, EventState: f.EventState, State: f.Stage, Cleared: f.ClearedSeq, Spotlight: f.Spotlight,
		Rev: f.ControlRev, OpenedRev: f.OpenedRev, Moderation: f.Moderation}
	if f.Pins != "" {
		if err := json.Unmarshal([]byte(f.Pins), &s.Pins); err != nil {
			return s, fmt.Errorf("read the pins of a wall: %w", err)
		}
	}
	return s, nil
}

// GetStage returns a wall's stage with the wall's rev.
func (db *DB) GetStage(ctx context.Context, account callbackd.AccountID) (s callbackd.Stage, rev int64, err error) {
	var f flatStage
	if err := db.get(ctx, &f, sqlStage, account); err != nil {
		return s, 0, err
	}
	s, err = f.stage()
	return s, f.Rev, err
}

// lockedStage is a wall's stage under the wall's lock, with the counters.
func (tx *Tx) lockedStage(ctx context.Context, account callbackd.AccountID, walls *wallCounters) (callbackd.Stage, *wallCounter, error) {
	c, err := walls.of(ctx, account)
	if err != nil {
		return callbackd.Stage{}, nil, err
	}
	var f flatStage
	if err := tx.get(ctx, &f, sqlStage, account); err != nil {
		return callbackd.Stage{}, nil, err
	}
	s, err := f.stage()
	return s, c, err
}

// saveStage stores a wall's stage under the next rev, in place of was.
func (tx *Tx) saveStage(ctx context.Context, account callbackd.AccountID, was, s callbackd.Stage, walls *wallCounters) error {
	rev, err := walls.nextRev(ctx, account)
	if err != nil {
		return err
	}
	s.Rev = rev
	if was.Reopens(s) {
		s.OpenedRev = rev
	}
	pins := ""
	if len(s.Pins) > 0 {
		b, err := json.Marshal(s.Pins)
		if err != nil {
			return err
		}
		pins = string(b)
	}
	if was.Event != s.Event || was.EventState != s.EventState || was.Moderation != s.Moderation {
		tx.ring.config = true // what a message that comes now belongs to
	}
	_, err = tx.exec(ctx, `UPDATE walls SET event_id = ?, event_state = ?, moderation = ?, stage = ?, cleared_seq = ?, pins = ?, spotlight = ?,
		control_rev = ?, opened_rev = ? WHERE account_id = ?`, s.Event, s.EventState, s.Moderation, s.State, s.Cleared, pins, s.Spotlight,
		s.Rev, s.OpenedRev, account)
	return err
}

// SetStage takes an operator's step with a wall: its stage, the wall's rev and the
// audit in one transaction. It returns the rev under which the wall shows it; a
// step that changes nothing is audited and keeps the last one. Only what the
// wall shows can be pinned or stand in the spotlight; else callbackd.ErrNotFound,
// and callbackd.ErrConflict where it is a message that the wall does not show.
func (db *DB) SetStage(ctx context.Context, account callbackd.AccountID, c callbackd.Control, actor string) (rev int64, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		if rev, err = tx.setStage(ctx, account, c, actor, walls); err != nil {
			return err
		}
		return walls.save(ctx)
	})
	return rev, err
}

// setStage is SetStage inside a transaction; whoever calls it saves the counters.
func (tx *Tx) setStage(ctx context.Context, account callbackd.AccountID, c callbackd.Control, actor string, walls *wallCounters) (rev int64, err error) {
	was, counters, err := tx.lockedStage(ctx, account, walls)
	if err != nil {
		return 0, err
	}
	message, err := tx.controlled(ctx, account, was, c)
	if err != nil {
		return 0, err
	}
	trimmed := was
	if c.Kind == callbackd.ControlPin {
		if trimmed.Pins, err = tx.visiblePins(ctx, account, was); err != nil {
			return 0, err
		}
	}
	next, changed, err := trimmed.Apply(c, counters.Seq)
	if err != nil {
		return 0, err
	}
	if err := tx.audit(ctx, account, actor, string(c.Kind), message, ""); err != nil || !changed {
		return was.Rev, err
	}
	if err := tx.saveStage(ctx, account, was, next, walls); err != nil {
		return 0, err
	}
	return counters.Rev, nil
}

// controlled is the message of a step; 0 where the step has none.
func (tx *Tx) controlled(ctx context.Context, account callbackd.AccountID, s callbackd.Stage, c callbackd.Control) (callbackd.MessageID, error) {
	if c.Message == "" {
		if c.Kind == callbackd.ControlPin || c.Kind == callbackd.ControlUnpin {
			return 0, callbackd.Told(callbackd.ErrInvalid, "error.wall_message", "%s needs the id of a message", string(c.Kind))
		}
		return 0, nil
	}
	var m struct {
		ID    callbackd.MessageID
		State callbackd.State
		Event callbackd.EventID `db:"event_id"`
		Seq   int64
	}
	if err := tx.get(ctx, &m, `SELECT id, state, event_id, COALESCE(seq, 0) AS seq FROM messages WHERE account_id = ? AND public_id = ?`,
		account, c.Message); err != nil {
		return 0, err
	}
	on := m.State == callbackd.StateShown && m.Event == s.Event && m.Seq > s.Cleared
	if !on && c.Kind != callbackd.ControlUnpin {
		return 0, callbackd.Told(callbackd.ErrConflict, "error.wall_absent", "message %s is not on the wall: only what it shows can be pinned or stand in the spotlight", c.Message)
	}
	return m.ID, nil
}

// visiblePins are those pins of a stage that are on the wall yet.
func (tx *Tx) visiblePins(ctx context.Context, account callbackd.AccountID, s callbackd.Stage) ([]callbackd.PublicID, error) {
	var pins []callbackd.PublicID
	for _, id := range s.Pins {
		var n int
		if err := tx.get(ctx, &n, `SELECT COUNT(*) FROM messages WHERE account_id = ? AND public_id = ? AND state = 'shown' AND event_id = ? AND seq > ?`,
			account, id, s.Event, s.Cleared); err != nil {
			return nil, err
		}
		if n > 0 {
			pins = append(pins, id)
		}
	}
	return pins, nil
}
