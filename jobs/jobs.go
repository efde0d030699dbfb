// Package jobs runs the store's jobs: it claims what is due, keeps the lease
// while a handler works, and turns the handler's returned value into the job's
// next state. It knows no kind by name and stores nothing itself.
//
// A handler returns nil (done), an error (again with back-off, until the
// deadline or the attempts end), callbackd.Snooze (again later, no attempt
// spent) or callbackd.Permanent (failed). A handler may run more than once for
// one job: after a crash, and when the job was asked for again meanwhile.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	lease     = time.Minute     // how long a node that went silent keeps a job
	heartbeat = lease / 4       // how often leases are renewed
	safetyNet = 2 * time.Second // a lane looks at least this often, rung for or not
	endLimit  = 10 * time.Second
)

// Kind is how jobs of one kind are run.
type Kind struct {
	// Run does the work. Its context ends at Timeout and when the runner gives up draining.
	Run func(ctx context.Context, j callbackd.Job) error
	// GiveUp is called before a job fails for good; it may run again after a
	// crash, and an error of its own keeps the job alive. May be nil.
	GiveUp func(ctx context.Context, j callbackd.Job, why error) error
	// Workers is how many jobs of the kind run at a time on this node.
	Workers int
	Timeout time.Duration
	Retry   callbackd.Retry
	// Attempts is after how many errors a job fails; 0: only its deadline ends it.
	Attempts int
}

// Runner runs registered kinds.
type Runner struct {
	db    *store.DB
	node  string
	log   *slog.Logger
	kinds map[callbackd.JobKind]Kind
	drain time.Duration
}

// New returns a runner that leases under a node's id and, when it ends, lets
// running handlers go on for drain.
func New(db *store.DB, node string, drain time.Duration, log *slog.Logger) *Runner {
	return &Runner{db: db, node: node, log: log, drain: drain, kinds: map[callbackd.JobKind]Kind{}}
}

// Register adds a kind; before Run.
func (r *Runner) Register(name callbackd.JobKind, k Kind) { r.kinds[name] = k }

// Run claims and runs jobs until ctx ends, then claims no more, lets running
// handlers go on for the drain time, cancels the rest, and returns when all
// have ended. What was cancelled is ready again.
func (r *Runner) Run(ctx context.Context) error {
	work, cancelWork := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelWork()
	var lanes, keeper sync.WaitGroup
	keeper.Go(func() { r.keepLeases(work) })
	for name, k := range r.kinds {
		lanes.Go(func() { r.lane(ctx, work, name, k) })
	}
	<-ctx.Done()
	timer := time.AfterFunc(r.drain, cancelWork)
	defer timer.Stop()
	lanes.Wait()
	cancelWork()
	keeper.Wait()
	return nil
}

// keepLeases renews this node's leases and rescues those of nodes that died.
func (r *Runner) keepLeases(ctx context.Context) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.db.ExtendLeases(ctx, r.node, lease); err != nil && ctx.Err() == nil {
			r.log.Warn("renewing leases failed", "err", err)
		}
		if n, err := r.db.RescueJobs(ctx, ""); err != nil && ctx.Err() == nil {
			r.log.Warn("rescuing jobs failed", "err", err)
		} else if n > 0 {
			r.log.Warn("jobs of a node that died are ready again", "jobs", n)
		}
	}
}

// lane runs the jobs of one kind, so that slow kinds never hold up others.
func (r *Runner) lane(ctx, work context.Context, name callbackd.JobKind, k Kind) {
	rings, stop := r.db.Listen()
	defer stop()
	slots := make(chan struct{}, max(1, k.Workers))
	freed := make(chan struct{}, 1)
	var running sync.WaitGroup
	defer running.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case ring := <-rings:
			if !ring.Jobs {
				continue
			}
		case <-freed:
		case <-timer.C:
		}
		next := r.claimAll(ctx, name, slots, func(j callbackd.Job) {
			running.Go(func() {
				r.runOne(work, j, k)
				<-slots
				select {
				case freed <- struct{}{}:
				default:
				}
			})
		})
		timer.Reset(next)
	}
}

// claimAll starts jobs until none is due or no slot is free, and returns when
// to look again.
func (r *Runner) claimAll(ctx context.Context, name callbackd.JobKind, slots chan struct{}, start func(callbackd.Job)) time.Duration {
	for {
		due, ok, err := r.db.NextJobDue(ctx, name) // a read: an idle lane takes no write lock
		wait := due.Sub(r.db.Now())
		if err != nil || !ok {
			return safetyNet
		}
		if wait > 0 {
			return min(wait, safetyNet)
		}
		select {
		case slots <- struct{}{}:
		default:
			return safetyNet
		}
		j, err := r.db.ClaimJob(ctx, name, r.node, lease)
		if err != nil {
			<-slots
			if !errors.Is(err, callbackd.ErrNotFound) && ctx.Err() == nil {
				r.log.Warn("claiming a job failed", "kind", name, "err", err)
			}
			return safetyNet
		}
		start(j)
	}
}

// runOne runs a claimed job and writes how it ended.
func (r *Runner) runOne(work context.Context, j callbackd.Job, k Kind) {
	ctx, cancel := context.WithTimeout(work, k.Timeout)
	err := protect(func() error { return k.Run(ctx, j) })
	cancel()
	end, cancelEnd := context.WithTimeout(context.WithoutCancel(work), endLimit)
	defer cancelEnd()
	o := r.outcome(work, j, k, err)
	if o.State == callbackd.JobFailed && k.GiveUp != nil {
		if gerr := protect(func() error { return k.GiveUp(end, j, err) }); gerr != nil {
			o = store.JobOutcome{State: callbackd.JobReady, DueAt: r.db.Now().Add(backoff(k.Retry, j.Attempts)), Attempts: j.Attempts, Error: gerr.Error()}
		}
	}
	switch {
	case o.State == callbackd.JobFailed:
		r.log.Warn("job failed", "kind", j.Kind, "job", j.ID, "attempts", o.Attempts, "err", err)
	case err != nil:
		r.log.Debug("job runs again", "kind", j.Kind, "job", j.ID, "attempts", o.Attempts, "due", o.DueAt, "err", err)
	}
	if err := r.db.FinishJob(end, j.ID, r.node, o); err != nil {
		r.log.Warn("job's end was not written; its lease will run out", "kind", j.Kind, "job", j.ID, "err", err)
	}
}

// outcome is the table from a handler's returned value to the job's next state.
func (r *Runner) outcome(work context.Context, j callbackd.Job, k Kind, err error) store.JobOutcome {
	now := r.db.Now()
	var snooze *callbackd.SnoozeError
	switch {
	case err == nil:
		return store.JobOutcome{State: callbackd.JobDone, Attempts: j.Attempts}
	case errors.As(err, &snooze):
		return store.JobOutcome{State: callbackd.JobReady, DueAt: now.Add(snooze.After), Attempts: j.Attempts, Error: snooze.Error()}
	case callbackd.IsPermanent(err):
		return store.JobOutcome{State: callbackd.JobFailed, Attempts: j.Attempts + 1, Error: err.Error()}
	case work.Err() != nil: // we stopped it; that is no fault of the job
		return store.JobOutcome{State: callbackd.JobReady, DueAt: now, Attempts: j.Attempts, Error: "the server stopped"}
	}
	attempts := j.Attempts + 1
	due := now.Add(backoff(k.Retry, j.Attempts))
	over := k.Attempts > 0 && attempts >= k.Attempts
	if !j.Deadline.IsZero() && due.After(j.Deadline) {
		if over = now.Add(k.Retry.First).After(j.Deadline); !over {
			due = j.Deadline.Add(-k.Retry.First) // a last try before the end
		}
	}
	if over {
		return store.JobOutcome{State: callbackd.JobFailed, Attempts: attempts, Error: err.Error()}
	}
	return store.JobOutcome{State: callbackd.JobReady, DueAt: due, Attempts: attempts, Error: err.Error()}
}

// backoff is First·4^attempts, at most Max, the last quarter of it at random.
func backoff(p callbackd.Retry, attempts int) time.Duration {
	d := p.First
	for range attempts {
		if d *= 4; d >= p.Max {
			d = p.Max
			break
		}
	}
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// protect turns a handler's panic into an error of that job alone.
func protect(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("job panicked: %v", p)
		}
	}()
	return fn()
}
