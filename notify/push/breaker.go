package push

import (
	"sync"
	"time"
)

const (
	breakerThreshold = 5 // failures in a row that open it
	breakerFirstWait = 30 * time.Second
	breakerLastWait  = 5 * time.Minute
	probeWait        = time.Second // told to who comes while the probe is out
)

// verdict is what an attempt says about the health of an origin.
type verdict int

const (
	healthy verdict = iota // it answered for itself, whatever it said
	failed                 // 5xx, no answer, or somebody else's
	unclear                // nothing learnt: cancelled, or limited
)

// breaker keeps calls from an origin that does not work. After
// breakerThreshold failures in a row it is open; after its wait one call goes
// through as a probe, which closes it or doubles the wait.
type breaker struct {
	mu       sync.Mutex // guards all below
	failures int
	wait     time.Duration // of the present opening; 0 while closed
	until    time.Time
	probing  bool
}

// admit reports whether a call may go now, and whether it is the probe; else
// how long to wait.
func (b *breaker) admit(now time.Time) (probe bool, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.wait == 0:
		return false, 0
	case now.Before(b.until):
		return false, b.until.Sub(now)
	case b.probing:
		return false, probeWait
	}
	b.probing = true
	return true, 0
}

// settle takes an attempt's verdict. Attempts that left before the breaker
// opened and fail after it do not open it further.
func (b *breaker) settle(now time.Time, probe bool, v verdict) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	switch v {
	case healthy:
		b.failures, b.wait = 0, 0
	case failed:
		b.failures++
		if probe || b.wait == 0 && b.failures >= breakerThreshold {
			b.wait = min(max(breakerFirstWait, 2*b.wait), breakerLastWait)
			b.until = now.Add(b.wait)
		}
	}
}
