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
	"runtime/debug"
	"sync"
	"time"

	"callbackd"
	"callbackd/store"
)

const (
	lease     = time.Minute      // how long a node that went silent keeps a job
	heartbeat = lease / 4        // how often leases are renewed
	safetyNet = 2 * time.Second  // a lane looks at least this often, rung for or not
	endLimit  = 10 * time.Second // for giving up and writing how a run ended
)

// What a Kind that leaves a field empty gets.
const (
	defaultTimeout = 10 * time.Minute
	defaultFirst   = time.Second
	defaultMax     = time.Hour
)

// Kind is how jobs of one kind are run.
type Kind struct {
	// Run does the work. Its context ends at Timeout and when the runner gives up draining.
	Run func(ctx context.Context, j callbackd.Job) error
	// GiveUp is called before a job fails for good; it may run again after a
	// crash, and an error of its own keeps the job alive. May be nil.
	GiveUp func(ctx context.Context, j callbackd.Job, why error) error
	// Workers is how many jobs of the kind run at a time on this node; 0: one.
	Workers int
	Timeout time.Duration   // of one run; 0: ten minutes
	Retry   callbackd.Retry // zero fields: from a second to an hour
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

	poll, beat time.Duration // safetyNet, heartbeat
}

// New returns a runner that leases under a node's id and, when it ends, lets
// running handlers go on for drain.
func New(db *store.DB, node string, drain time.Duration, log *slog.Logger) *Runner {
	return &Runner{db: db, node: node, log: log, drain: drain, kinds: map[callbackd.JobKind]Kind{}, poll: safetyNet, beat: heartbeat}
}

// Register adds a kind; before Run.
func (r *Runner) Register(name callbackd.JobKind, k Kind) {
	k.Workers = max(1, k.Workers)
	if k.Timeout <= 0 {
		k.Timeout = defaultTimeout
	}
	if k.Retry.First <= 0 {
		k.Retry.First = defaultFirst
	}
	if k.Retry.Max <= 0 {
		k.Retry.Max = max(defaultMax, k.Retry.First)
	}
	r.kinds[name] = k
}

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
	tick := time.NewTicker(r.beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.renew(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("renewing leases failed", "err", err)
		}
	}
}

// renew is one heartbeat. A node that cannot renew its own leases rescues
// nobody: it would take its own running jobs for a dead node's.
func (r *Runner) renew(ctx context.Context) error {
	if err := r.db.ExtendLeases(ctx, r.node, lease); err != nil {
		return err
	}
	n, err := r.db.RescueJobs(ctx, "")
	if err != nil {
		return fmt.Errorf("rescue jobs: %w", err)
	}
	if n > 0 {
		r.log.Warn("jobs of a node that died are ready again", "jobs", n)
	}
	return nil
}

// lane runs the jobs of one kind, so that slow kinds never hold up others.
func (r *Runner) lane(ctx, work context.Context, name callbackd.JobKind, k Kind) {
	rings, stop := r.db.Listen()
	defer stop()
	slots := make(chan struct{}, k.Workers)
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
		if err != nil && ctx.Err() == nil {
			r.log.Warn("looking for jobs failed", "kind", name, "err", err)
		}
		if err != nil || !ok {
			return r.poll
		}
		if wait := due.Sub(r.db.Now()); wait > 0 {
			return min(wait, r.poll)
		}
		select {
		case slots <- struct{}{}:
		default:
			return r.poll
		}
		j, err := r.db.ClaimJob(ctx, name, r.node, lease)
		if err != nil {
			<-slots
			if !errors.Is(err, callbackd.ErrNotFound) && ctx.Err() == nil {
				r.log.Warn("claiming a job failed", "kind", name, "err", err)
			}
			return r.poll
		}
		start(j)
	}
}

// runOne runs a claimed job and writes how it ended.
func (r *Runner) runOne(work context.Context, j callbackd.Job, k Kind) {
	ctx, cancel := context.WithTimeout(work, k.Timeout)
	err := r.protect(j, func() error { return k.Run(ctx, j) })
	cancel()
	end, cancelEnd := context.WithTimeout(context.WithoutCancel(work), endLimit)
	defer cancelEnd()
	o := r.outcome(work, j, k, err)
	if o.State == callbackd.JobFailed && k.GiveUp != nil {
		if gerr := r.protect(j, func() error { return k.GiveUp(end, j, err) }); gerr != nil {
			err = fmt.Errorf("give up: %w", gerr)
			o = again(r.db.Now().Add(backoff(k.Retry, j.Attempts)), j.Attempts, err)
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

// protect turns a handler's panic into an error of that job alone.
func (r *Runner) protect(j callbackd.Job, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("job panicked", "kind", j.Kind, "job", j.ID, "stack", string(debug.Stack()))
			err = fmt.Errorf("job panicked: %v", p)
		}
	}()
	return fn()
}
