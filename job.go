package callbackd

import (
	"errors"
	"fmt"
	"time"
)

// JobKind names what a job does. The runner knows none of them by name.
type JobKind string

const (
	JobResolve     JobKind = "resolve"      // key account: find out who the unresolved senders are
	JobMediaFetch  JobKind = "media-fetch"  // key media: get the file's bytes, not from the operator pages
	JobMediaSearch JobKind = "media-search" // key media: find the file on the operator pages and get it
	JobMediaMake   JobKind = "media-make"   // key media: make what the page plays from the bytes
	JobJoinQR      JobKind = "join-qr"      // key account: make or renew the join QR
	JobCheck       JobKind = "check"        // key message: ask the account's checker
	JobPrune       JobKind = "prune"        // key "": drop what is kept no longer
)

// JobState is where a job stands; docs/states.md has the picture.
type JobState string

const (
	JobReady     JobState = "ready"
	JobRunning   JobState = "running" // leased by a node
	JobDone      JobState = "done"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
)

// Job is a durable follow-up. Unique by (Kind, Key) among the unfinished.
type Job struct {
	ID       JobID
	Kind     JobKind
	Key      string // what the job is about, unique per kind among the unfinished
	Serial   string // at most one job of this key runs at a time, on all nodes; "" no limit
	Account  AccountID
	State    JobState
	Attempts int       // runs that ended in an error
	DueAt    time.Time // not claimed before
	Deadline time.Time // after it an error fails the job; zero: never
	Error    string    // of the last run
}

// Retry is a back-off for a job: First·4^attempts with jitter, at most Max.
type Retry struct {
	First time.Duration // after the first error
	Max   time.Duration
}

// SnoozeError asks for the job again later without spending an attempt.
type SnoozeError struct {
	After time.Duration
	Why   string
}

func (e *SnoozeError) Error() string { return fmt.Sprintf("snoozed for %s: %s", e.After, e.Why) }

// Snooze makes the runner try the job again after d; why is kept with the job.
func Snooze(d time.Duration, why string) error { return &SnoozeError{After: d, Why: why} }

// Permanent makes the runner fail the job at once: trying again cannot help.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// IsPermanent reports whether trying again cannot help.
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}
