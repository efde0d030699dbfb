package handlers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"callbackd"
	"callbackd/doctor"
	"callbackd/store"
)

// errands are what a page of the desk set going and follows live: runs of the
// doctor, and logins to the operator pages that wait for somebody's phone. They
// live in the memory of this process alone.
type errands struct {
	db    *store.DB
	group sync.WaitGroup

	mu      sync.Mutex // guards what follows
	doctors map[callbackd.AccountID]*doctorRun
	logins  map[callbackd.AccountID]*loginRun
}

// errand is something that is done once at a time for an account.
type errand interface{ goesOn() bool }

func (r *doctorRun) goesOn() bool { return r.running }
func (r *loginRun) goesOn() bool  { return r.running }

// begin makes next the account's errand of its kind; false where the last one goes on.
func begin[E errand](e *errands, all map[callbackd.AccountID]E, a callbackd.AccountID, next E) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if last, known := all[a]; known && last.goesOn() {
		return false
	}
	all[a] = next
	return true
}

// doctorRun is the last run of the doctor for an account.
type doctorRun struct {
	running  bool
	at       time.Time
	findings []doctor.Finding // in the doctor's order; those to come have no level
}

// loginRun is the last login to the operator pages of an account by QR.
type loginRun struct {
	running bool
	step    string // picture, scanned, confirmed, expired, done, failed
	picture []byte // to scan, at picture
	number  int    // of the picture
}

func newErrands(db *store.DB) *errands {
	return &errands{db: db, doctors: map[callbackd.AccountID]*doctorRun{}, logins: map[callbackd.AccountID]*loginRun{}}
}

// change changes what pages see, and tells them.
func (e *errands) change(fn func()) {
	e.mu.Lock()
	fn()
	e.mu.Unlock()
	e.db.Knock()
}

// doctorOf returns how the last run stands; nil where there was none.
func (e *errands) doctorOf(a callbackd.AccountID) *doctorRun {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.doctors[a]
	if r == nil {
		return nil
	}
	return &doctorRun{r.running, r.at, slices.Clone(r.findings)}
}

// loginOf returns how the last login stands; nil where there was none.
func (e *errands) loginOf(a callbackd.AccountID) *loginRun {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.logins[a]
	if r == nil {
		return nil
	}
	copied := *r
	return &copied
}

// examine runs the doctor on an account, once at a time.
func (e *errands) examine(ctx context.Context, d *doctor.Doctor, a *callbackd.Account, now time.Time) {
	run := &doctorRun{running: true, at: now, findings: doctor.Plan([]*callbackd.Account{a})}
	if !begin(e, e.doctors, a.ID, run) {
		return
	}
	e.db.Knock()
	e.group.Go(func() {
		n := 0
		d.Run(ctx, []*callbackd.Account{a}, func(f doctor.Finding) {
			e.change(func() { run.findings[n] = f; n++ })
		})
		e.change(func() { run.running = false })
	})
}

// PagesLogin logs in to an account's operator pages by a QR that somebody scans.
// It tells each step (picture, scanned, confirmed, expired), with the picture
// where there is a new one.
type PagesLogin func(ctx context.Context, a *callbackd.Account, told func(step string, picture []byte)) error

// logIn runs a login by QR, once at a time, and calls in when it has succeeded.
func (e *errands) logIn(ctx context.Context, login PagesLogin, a *callbackd.Account, in func(context.Context) error, failed func(error)) {
	run := &loginRun{running: true, step: "starting"}
	if !begin(e, e.logins, a.ID, run) {
		return
	}
	e.db.Knock()
	e.group.Go(func() {
		err := login(ctx, a, func(step string, picture []byte) {
			e.change(func() {
				run.step, run.picture = step, picture
				if picture != nil {
					run.number++
				}
			})
		})
		if err == nil {
			err = in(context.WithoutCancel(ctx))
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			failed(err)
		}
		e.change(func() {
			run.running, run.picture, run.step = false, nil, "done"
			if err != nil {
				run.step = "failed"
			}
		})
	})
}
