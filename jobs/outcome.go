package jobs

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"callbackd"
	"callbackd/store"
)

// outcome is the table from a handler's returned value to the job's next state.
// work is the context that ends when the runner gives up draining.
func (r *Runner) outcome(work context.Context, j callbackd.Job, k Kind, err error) store.JobOutcome {
	now := r.db.Now()
	var snooze *callbackd.SnoozeError
	switch {
	case err == nil:
		return store.JobOutcome{State: callbackd.JobDone, Attempts: j.Attempts}
	case errors.As(err, &snooze):
		return snoozed(j, now, snooze)
	case callbackd.IsPermanent(err):
		return failed(j.Attempts+1, err)
	case work.Err() != nil: // we stopped it; that is no fault of the job
		return again(now, j.Attempts, errStopped)
	}
	attempts := j.Attempts + 1
	if k.Attempts > 0 && attempts >= k.Attempts {
		return failed(attempts, err)
	}
	due := now.Add(backoff(k.Retry, j.Attempts))
	if !j.Deadline.IsZero() && due.After(j.Deadline) {
		due = j.Deadline.Add(-k.Retry.First) // a last try before the end
		if !due.After(now) {
			return failed(attempts, err)
		}
	}
	return again(due, attempts, err)
}

var errStopped = errors.New("the server stopped")

// snoozed spends no attempt. What waits for something that never comes ends at
// the deadline all the same, after one more try there.
func snoozed(j callbackd.Job, now time.Time, s *callbackd.SnoozeError) store.JobOutcome {
	due := now.Add(s.After)
	if !j.Deadline.IsZero() {
		if !now.Before(j.Deadline) {
			return failed(j.Attempts, s)
		}
		if due.After(j.Deadline) {
			due = j.Deadline
		}
	}
	return again(due, j.Attempts, s)
}

func again(due time.Time, attempts int, why error) store.JobOutcome {
	return store.JobOutcome{State: callbackd.JobReady, DueAt: due, Attempts: attempts, Error: why.Error()}
}

func failed(attempts int, why error) store.JobOutcome {
	return store.JobOutcome{State: callbackd.JobFailed, Attempts: attempts, Error: why.Error()}
}

// backoff is First·4^attempts, at most Max, the last quarter of it at random.
func backoff(p callbackd.Retry, attempts int) time.Duration {
	d := min(p.First, p.Max)
	for range attempts {
		if d *= 4; d >= p.Max {
			d = p.Max
			break
		}
	}
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}
