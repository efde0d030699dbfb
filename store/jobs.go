package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"callbackd"
)

// sqlEnqueue adds a job unless an unfinished one of its kind and key stands
// already: a ready one then becomes due at the earlier of both times, a
// running one is run again after it ends, so that what came meanwhile is seen.
const sqlEnqueue = `INSERT INTO jobs (id, kind, job_key, serial, account_id, state, due_at, deadline, created_at)
	VALUES (?, ?, ?, ?, ?, 'ready', ?, ?, ?)
	ON CONFLICT (kind, job_key) WHERE state IN ('ready', 'running') DO UPDATE SET
	rerun = (jobs.rerun OR jobs.state = 'running'),
	due_at = CASE WHEN jobs.state = 'ready' AND excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END`

// Enqueue adds a job to the transaction.
func (tx *Tx) Enqueue(ctx context.Context, j callbackd.Job) error {
	var account sql.NullInt64
	if j.Account != 0 {
		account = sql.NullInt64{Int64: int64(j.Account), Valid: true}
	}
	_, err := tx.exec(ctx, sqlEnqueue, tx.db.ids.next(), j.Kind, j.Key, j.Serial, account, ms(j.DueAt), ms(j.Deadline), ms(tx.db.now()))
	tx.ring.jobs = true
	return err
}

// EnqueueResolve makes the search for an account's unresolved senders due. One
// job serves them all; serial, because an account has one operator session.
func (tx *Tx) EnqueueResolve(ctx context.Context, account callbackd.AccountID, due time.Time) error {
	return tx.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobResolve, Key: strconv.FormatInt(int64(account), 10),
		Serial: MPWebSerial(account), Account: account, DueAt: due})
}

// MPWebSerial is the serial key of jobs that use an account's operator session.
func MPWebSerial(account callbackd.AccountID) string {
	return "mpweb:" + strconv.FormatInt(int64(account), 10)
}

// Enqueue adds a job by itself.
func (db *DB) Enqueue(ctx context.Context, j callbackd.Job) error {
	return db.Write(ctx, func(tx *Tx) error { return tx.Enqueue(ctx, j) })
}

const jobColumns = `id, kind, job_key, serial, COALESCE(account_id, 0) AS account_id, state, attempts, due_at, deadline, error`

type flatJob struct {
	ID        callbackd.JobID
	Kind      callbackd.JobKind
	Key       string `db:"job_key"`
	Serial    string
	AccountID callbackd.AccountID `db:"account_id"`
	State     callbackd.JobState
	Attempts  int
	DueAt     int64 `db:"due_at"`
	Deadline  int64
	Error     string
}

func (f flatJob) job() callbackd.Job {
	return callbackd.Job{ID: f.ID, Kind: f.Kind, Key: f.Key, Serial: f.Serial, Account: f.AccountID, State: f.State,
		Attempts: f.Attempts, DueAt: fromMS(f.DueAt), Deadline: fromMS(f.Deadline), Error: f.Error}
}

// sqlSerialFree is true for a job j whose serial key runs nowhere. It repeats
// the condition of the index jobs_serial, so that it is looked up there.
const sqlSerialFree = `(j.serial = '' OR NOT EXISTS (SELECT 1 FROM jobs r WHERE r.serial = j.serial AND r.state = 'running' AND r.serial <> ''))`

// ClaimJob leases the job of a kind that has been due longest for a node;
// callbackd.ErrNotFound when none is due. Jobs whose serial key is running
// somewhere are passed over.
func (db *DB) ClaimJob(ctx context.Context, kind callbackd.JobKind, node string, lease time.Duration) (callbackd.Job, error) {
	now := db.now()
	lock := ""
	if db.dialect == postgres { // dialect: several nodes claim side by side
		lock = " FOR UPDATE SKIP LOCKED"
	}
	q := `UPDATE jobs SET state = 'running', lease_until = ?, node = ?, rerun = FALSE WHERE id = (
		SELECT j.id FROM jobs j WHERE j.state = 'ready' AND j.due_at <= ? AND j.kind = ?
		AND ` + sqlSerialFree + `
		ORDER BY j.due_at, j.id LIMIT 1` + lock + `) RETURNING ` + jobColumns
	args := []any{ms(now.Add(lease)), node, ms(now), kind}
	var flat flatJob
	err := db.Write(ctx, func(tx *Tx) error { return tx.get(ctx, &flat, q, args...) })
	if errors.Is(err, callbackd.ErrConflict) {
		return callbackd.Job{}, callbackd.ErrNotFound // another node took one of the same serial key; the index holds
	}
	return flat.job(), err
}

// JobOutcome is how a run of a job ended.
type JobOutcome struct {
	State    callbackd.JobState // ready (again), done, failed or cancelled
	DueAt    time.Time          // with ready
	Attempts int
	Error    string // why not done; never a secret or an id of a person
}

// FinishJob ends a run. It changes nothing when the node's lease was lost. A
// job that was asked for again while it ran becomes ready again.
func (db *DB) FinishJob(ctx context.Context, id callbackd.JobID, node string, o JobOutcome) error {
	return db.Write(ctx, func(tx *Tx) error {
		now := tx.db.now()
		var rerun bool
		err := tx.get(ctx, &rerun, `SELECT rerun FROM jobs WHERE id = ? AND node = ? AND state = 'running'`, id, node)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if rerun && (o.State == callbackd.JobDone || o.State == callbackd.JobReady) {
			o = JobOutcome{State: callbackd.JobReady, DueAt: now, Attempts: 0, Error: o.Error}
		}
		var finished int64
		if o.State != callbackd.JobReady {
			finished, o.DueAt = ms(now), now
		}
		_, err = tx.exec(ctx, `UPDATE jobs SET state = ?, due_at = ?, attempts = ?, error = ?, lease_until = 0, node = '', rerun = FALSE,
			finished_at = ? WHERE id = ? AND node = ? AND state = 'running'`, o.State, ms(o.DueAt), o.Attempts, o.Error, finished, id, node)
		tx.ring.jobs = true
		return err
	})
}

// ExtendLeases keeps a node's running jobs its own for another while.
func (db *DB) ExtendLeases(ctx context.Context, node string, lease time.Duration) error {
	return db.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE jobs SET lease_until = ? WHERE node = ? AND state = 'running'`, ms(tx.db.now().Add(lease)), node)
		return err
	})
}

// RescueJobs makes running jobs ready again whose lease is over, or that a node
// leased which is known to be dead ("": none is).
func (db *DB) RescueJobs(ctx context.Context, dead string) (n int64, err error) {
	err = db.Write(ctx, func(tx *Tx) error {
		if db.dialect == postgres && dead != "" {
			// dialect: a commit that the dead node had sent may still be under way
			// in the database, claims with it. The lock waits for it.
			if _, err := tx.exec(ctx, `LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		n, err = tx.exec(ctx, `UPDATE jobs SET state = 'ready', node = '', lease_until = 0, rerun = FALSE
			WHERE state = 'running' AND (lease_until <= ? OR node = ?)`, ms(db.now()), dead)
		tx.ring.jobs = n > 0
		return err
	})
	return n, err
}

// NextJobDue returns when the next ready job of a kind is due; false when none
// stands. Jobs whose serial key is running somewhere do not count: the end of
// that run rings.
func (db *DB) NextJobDue(ctx context.Context, kind callbackd.JobKind) (time.Time, bool, error) {
	var due sql.NullInt64
	err := db.get(ctx, &due, `SELECT j.due_at FROM jobs j WHERE j.state = 'ready' AND j.kind = ? AND `+sqlSerialFree+` ORDER BY j.due_at LIMIT 1`, kind)
	if errors.Is(err, callbackd.ErrNotFound) {
		return time.Time{}, false, nil
	}
	return fromMS(due.Int64), due.Valid, err
}

// JobCount counts jobs for metrics.
type JobCount struct {
	Kind   callbackd.JobKind
	State  callbackd.JobState
	N      int64
	Oldest int64 // unix ms since which the first of them is due
}

// CountJobs counts jobs by kind and state.
func (db *DB) CountJobs(ctx context.Context) (out []JobCount, err error) {
	return out, db.sel(ctx, &out, `SELECT kind, state, COUNT(*) AS n, MIN(due_at) AS oldest FROM jobs GROUP BY kind, state`)
}

// OldestJobs is since when, in unix ms, the first unfinished job of each kind is due.
// What is only due later waits for nobody.
func OldestJobs(counts []JobCount) map[callbackd.JobKind]int64 {
	oldest := map[callbackd.JobKind]int64{}
	for _, j := range counts {
		if j.State == callbackd.JobReady || j.State == callbackd.JobRunning {
			if first, ok := oldest[j.Kind]; !ok || j.Oldest < first {
				oldest[j.Kind] = j.Oldest
			}
		}
	}
	return oldest
}

// ListJobs returns an account's unfinished and failed jobs, newest first.
func (db *DB) ListJobs(ctx context.Context, state callbackd.JobState, limit int) ([]callbackd.Job, error) {
	var flat []flatJob
	err := db.sel(ctx, &flat, `SELECT `+jobColumns+` FROM jobs WHERE state = ? ORDER BY id DESC LIMIT ?`, state, limit)
	out := make([]callbackd.Job, len(flat))
	for i, f := range flat {
		out[i] = f.job()
	}
	return out, err
}
