package wall

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"callbackd"
	"callbackd/store"
)

// ByTheClock is who starts and ends events whose time has come, in the audit.
const ByTheClock = "schedule"

const (
	scheduleRetry = 2 * time.Second // after a failure
	scheduleLook  = 5 * time.Minute // at the latest: clocks are set, and machines sleep
)

// Schedule starts and ends events when their time comes. It goes by the rows
// alone: what became due while no server ran is done at the next start.
type Schedule struct {
	db  *store.DB
	log *slog.Logger
}

// NewSchedule returns a Schedule that does nothing until Run.
func NewSchedule(db *store.DB, log *slog.Logger) *Schedule { return &Schedule{db: db, log: log} }

// Run steps events until ctx ends.
func (s *Schedule) Run(ctx context.Context) error {
	rings, stop := s.db.Listen()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case ring := <-rings:
			if !ring.Config {
				continue
			}
		case <-timer.C:
		}
		next, err := s.step(ctx)
		wait := scheduleLook
		if err != nil && ctx.Err() == nil {
			s.log.Warn("looking at the times of events failed; it is tried again", "err", err)
			wait = scheduleRetry
		} else if !next.IsZero() {
			wait = min(scheduleLook, max(0, next.Sub(s.db.Now())))
		}
		timer.Reset(wait)
	}
}

// step does what is due, ends before starts, and returns when the next time comes.
func (s *Schedule) step(ctx context.Context) (next time.Time, err error) {
	end, _, _, err := s.db.DueEvents(ctx, s.db.Now())
	if err != nil {
		return next, err
	}
	for _, e := range end {
		if err := s.take(ctx, e, callbackd.EventEnd); err != nil {
			return next, err
		}
	}
	_, start, next, err := s.db.DueEvents(ctx, s.db.Now())
	if err != nil {
		return next, err
	}
	for _, e := range start {
		if err := s.take(ctx, e, callbackd.EventStart); err != nil {
			return next, err
		}
	}
	return next, nil
}

// take takes one step. Where another event is current, a start waits for its end,
// which rings.
func (s *Schedule) take(ctx context.Context, e callbackd.Event, step callbackd.EventStep) error {
	_, err := s.db.StepEvent(ctx, e.Account, e.ID, step, ByTheClock)
	if errors.Is(err, callbackd.ErrConflict) {
		s.log.Info("an event does not start at its time", "event", e.PublicID, "err", err)
		return nil
	}
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil // removed meanwhile
	}
	if err == nil {
		s.log.Info("an event's time has come", "event", e.PublicID, "step", step)
	}
	return err
}
