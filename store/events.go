package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"callbackd"
)

const eventColumns = `id, public_id, account_id, name, state, moderation, starts_at, ends_at, settings, created_at, started_at, ended_at`

type flatEvent struct {
	ID         callbackd.EventID
	PublicID   callbackd.PublicID  `db:"public_id"`
	AccountID  callbackd.AccountID `db:"account_id"`
	Name       string
	State      callbackd.EventState
	Moderation callbackd.Moderation
	StartsAt   int64 `db:"starts_at"`
	EndsAt     int64 `db:"ends_at"`
	Settings   string
	CreatedAt  int64 `db:"created_at"`
	StartedAt  int64 `db:"started_at"`
	EndedAt    int64 `db:"ended_at"`
}

func (f flatEvent) event() (callbackd.Event, error) {
	e := callbackd.Event{ID: f.ID, PublicID: f.PublicID, Account: f.AccountID, Name: f.Name, State: f.State, Moderation: f.Moderation,
		StartsAt: fromMS(f.StartsAt), EndsAt: fromMS(f.EndsAt), CreatedAt: fromMS(f.CreatedAt), StartedAt: fromMS(f.StartedAt), EndedAt: fromMS(f.EndedAt)}
	if err := json.Unmarshal([]byte(f.Settings), &e.Settings); err != nil {
		return e, fmt.Errorf("read the settings of event %s: %w", f.PublicID, err)
	}
	return e, nil
}

func eventSettings(s callbackd.EventSettings) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("settings of an event hold nothing that JSON cannot: " + err.Error())
	}
	return string(b)
}

// InsertEvent adds a draft to an account and sets its ids. The first event of an
// account takes the wall at once: what came without events is of no event's wall
// any more.
func (db *DB) InsertEvent(ctx context.Context, e *callbackd.Event, actor string) error {
	if err := callbackd.CheckEvent(e); err != nil {
		return err
	}
	e.ID, e.PublicID, e.State, e.CreatedAt = callbackd.EventID(db.ids.next()), callbackd.NewPublicID(), callbackd.EventDraft, db.now()
	return db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		was, counters, err := tx.lockedStage(ctx, e.Account, walls)
		if err != nil {
			return err
		}
		if err := tx.ownPictures(ctx, *e); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO events (`+eventColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`, e.ID, e.PublicID, e.Account,
			e.Name, e.State, e.Moderation, ms(e.StartsAt), ms(e.EndsAt), eventSettings(e.Settings), ms(e.CreatedAt)); err != nil {
			return err
		}
		tx.ring.config = true
		if was.Event == callbackd.NoEvent {
			if err := tx.saveStage(ctx, e.Account, was, stageOf(was, *e, counters.Seq), walls); err != nil {
				return err
			}
		}
		if err := tx.audit(ctx, e.Account, actor, "event-add", 0, e.Name); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

// stageOf is a wall's stage when an event takes the wall. Pins, spotlight and what
// was cleared are of one event; a panic goes on until somebody ends it.
func stageOf(was callbackd.Stage, e callbackd.Event, last int64) callbackd.Stage {
	next := was
	next.Event, next.EventState, next.Moderation = e.ID, e.State, e.Moderation
	if was.Event == e.ID {
		return next
	}
	next.Cleared, next.Pins, next.Spotlight = last, nil, ""
	if next.State == callbackd.StagePaused {
		next.State = callbackd.StageOpen
	}
	return next
}

// SetEvent replaces name, moderation, times and settings of an event; its state
// stays. A wall that shows it takes the next rev.
func (db *DB) SetEvent(ctx context.Context, e *callbackd.Event, actor string) error {
	if err := callbackd.CheckEvent(e); err != nil {
		return err
	}
	return db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		was, _, err := tx.lockedStage(ctx, e.Account, walls)
		if err != nil {
			return err
		}
		if err := tx.ownPictures(ctx, *e); err != nil {
			return err
		}
		n, err := tx.exec(ctx, `UPDATE events SET name = ?, moderation = ?, starts_at = ?, ends_at = ?, settings = ? WHERE id = ? AND account_id = ?`,
			e.Name, e.Moderation, ms(e.StartsAt), ms(e.EndsAt), eventSettings(e.Settings), e.ID, e.Account)
		if err != nil {
			return err
		}
		if n == 0 {
			return callbackd.ErrNotFound
		}
		tx.ring.config = true
		if was.Event == e.ID {
			next := was
			next.Moderation = e.Moderation
			if err := tx.saveStage(ctx, e.Account, was, next, walls); err != nil {
				return err
			}
		}
		if err := tx.audit(ctx, e.Account, actor, "event-set", 0, e.Name); err != nil {
			return err
		}
		return walls.save(ctx)
	})
}

// StepEvent starts, pauses or ends an event, with what it does to the wall, and
// returns it as it is then. A step that does not exist, a start beside another
// current event, and a start after the event's end are callbackd.ErrConflict.
func (db *DB) StepEvent(ctx context.Context, account callbackd.AccountID, id callbackd.EventID, step callbackd.EventStep, actor string) (e callbackd.Event, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		walls := newWallCounters(tx)
		was, counters, err := tx.lockedStage(ctx, account, walls)
		if err != nil {
			return err
		}
		var f flatEvent
		if err := tx.get(ctx, &f, `SELECT `+eventColumns+` FROM events WHERE id = ? AND account_id = ?`, id, account); err != nil {
			return err
		}
		if e, err = f.event(); err != nil {
			return err
		}
		from := e.State
		if e, err = tx.stepped(ctx, e, step, was); err != nil || e.State == from {
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE events SET state = ?, started_at = ?, ended_at = ? WHERE id = ?`, e.State, ms(e.StartedAt), ms(e.EndedAt), e.ID); err != nil {
			return err
		}
		tx.ring.config = true
		if e.State == callbackd.EventLive || was.Event == e.ID {
			if err := tx.saveStage(ctx, account, was, stageOf(was, e, counters.Seq), walls); err != nil {
				return err
			}
		}
		if err := tx.audit(ctx, account, actor, "event-"+string(step), 0, e.Name+": "+string(from)+" → "+string(e.State)); err != nil {
			return err
		}
		return walls.save(ctx)
	})
	return e, err
}

// stepped is an event after a step, or why there is no such step now.
func (tx *Tx) stepped(ctx context.Context, e callbackd.Event, step callbackd.EventStep, wall callbackd.Stage) (callbackd.Event, error) {
	to, ok := callbackd.StepEvent(e.State, step)
	if !ok {
		return e, callbackd.Told(callbackd.ErrConflict, "error.event_step", "event %s is %s: %s is no step from there", e.Name, callbackd.Label{Key: "event." + string(e.State), Plain: string(e.State)},
			callbackd.Label{Key: "events." + string(step), Plain: string(step)})
	}
	now := tx.db.now()
	if to == callbackd.EventLive && e.State != to {
		if !e.EndsAt.IsZero() && !e.EndsAt.After(now) {
			return e, callbackd.Told(callbackd.ErrConflict, "error.event_late", "event %s ended at %s: give it a later end first", e.Name, e.EndsAt.Format(time.RFC3339))
		}
		var other string
		err := tx.get(ctx, &other, `SELECT name FROM events WHERE account_id = ? AND state IN ('live', 'paused') AND id <> ?`, e.Account, e.ID)
		if err == nil {
			return e, callbackd.Told(callbackd.ErrConflict, "error.event_other", "event %s is the current one: end it first", other)
		}
		if !isNoRows(err) {
			return e, err
		}
		if e.State == callbackd.EventEnded && wall.Event != e.ID {
			return e, callbackd.Told(callbackd.ErrConflict, "error.event_over", "event %s is over, and the wall shows another one: add a new event", e.Name)
		}
		e.EndedAt = time.Time{}
		if e.StartedAt.IsZero() {
			e.StartedAt = now
		}
	}
	if to == callbackd.EventEnded && e.State != to {
		e.EndedAt = now
	}
	e.State = to
	return e, nil
}

// GetEvent returns an event of an account by its public id.
func (db *DB) GetEvent(ctx context.Context, account callbackd.AccountID, id callbackd.PublicID) (callbackd.Event, error) {
	var f flatEvent
	if err := db.get(ctx, &f, `SELECT `+eventColumns+` FROM events WHERE account_id = ? AND public_id = ?`, account, id); err != nil {
		return callbackd.Event{}, err
	}
	return f.event()
}

// GetEventByID returns an event by its key.
func (db *DB) GetEventByID(ctx context.Context, id callbackd.EventID) (callbackd.Event, error) {
	var f flatEvent
	if err := db.get(ctx, &f, `SELECT `+eventColumns+` FROM events WHERE id = ?`, id); err != nil {
		return callbackd.Event{}, err
	}
	return f.event()
}

// ListEvents returns an account's events, newest first.
func (db *DB) ListEvents(ctx context.Context, account callbackd.AccountID, limit int) ([]callbackd.Event, error) {
	var flat []flatEvent
	if err := db.sel(ctx, &flat, `SELECT `+eventColumns+` FROM events WHERE account_id = ? ORDER BY id DESC LIMIT ?`, account, limit); err != nil {
		return nil, err
	}
	out := make([]callbackd.Event, len(flat))
	for i, f := range flat {
		var err error
		if out[i], err = f.event(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// DueEvents returns the events whose time has come to end, and those whose time
// has come to start, in that order, and when the next time comes (zero: never).
func (db *DB) DueEvents(ctx context.Context, now time.Time) (end, start []callbackd.Event, next time.Time, err error) {
	var flat []flatEvent
	if err := db.sel(ctx, &flat, `SELECT `+eventColumns+` FROM events WHERE state <> 'ended' AND (ends_at > 0 OR starts_at > 0 AND state = 'draft')
		ORDER BY starts_at, id LIMIT 1000`); err != nil {
		return nil, nil, next, err
	}
	for _, f := range flat {
		e, err := f.event()
		if err != nil {
			return nil, nil, next, err
		}
		waits := func(t time.Time) {
			if t.After(now) && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		switch {
		case !e.EndsAt.IsZero() && !e.EndsAt.After(now):
			end = append(end, e)
		case e.State == callbackd.EventDraft && !e.StartsAt.IsZero() && !e.StartsAt.After(now):
			start = append(start, e)
			waits(e.EndsAt)
		default:
			waits(e.EndsAt)
			if e.State == callbackd.EventDraft {
				waits(e.StartsAt)
			}
		}
	}
	slices.SortFunc(end, func(a, b callbackd.Event) int { return a.EndsAt.Compare(b.EndsAt) })
	return end, start, next, nil
}

// GetShownEvent returns an event that its account's wall shows.
func (db *DB) GetShownEvent(ctx context.Context, id callbackd.PublicID) (callbackd.Event, error) {
	var f flatEvent
	if err := db.get(ctx, &f, `SELECT `+eventColumns+` FROM events WHERE public_id = ? AND id IN (SELECT event_id FROM walls)`, id); err != nil {
		return callbackd.Event{}, err
	}
	return f.event()
}
