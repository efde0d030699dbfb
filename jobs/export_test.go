package jobs

import (
	"time"

	"callbackd"
)

// Backoff is the pause before the next try.
func Backoff(r callbackd.Retry, attempts int) time.Duration { return backoff(r, attempts) }

// SetPoll changes how often lanes look without being rung for.
func (r *Runner) SetPoll(d time.Duration) { r.poll = d }

// SetBeat changes how often leases are renewed.
func (r *Runner) SetBeat(d time.Duration) { r.beat = d }

// Renew is one heartbeat.
var Renew = (*Runner).renew

// ClaimAll is one look of a lane.
var ClaimAll = (*Runner).claimAll
