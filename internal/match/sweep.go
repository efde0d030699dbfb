package match

import (
	"math"
	"time"
)

const (
	// Settle is how long after a push has reached us its entry may still be missing
	// from the pages: the longest listing delay that was seen (5 s) and a second.
	// It is counted on our own clock from the moment we received the push, which
	// is never before the message was sent; no two clocks are compared.
	Settle = 6 * time.Second
	// KeptFor is how long entries surely stay on the pages: they keep five
	// calendar days, today among them.
	KeptFor = 4 * 24 * time.Hour
)

// Sweep is one reading of the message page, or of a dialog, from its newest
// entry back to some depth without a gap (page after page by frommsgid).
type Sweep struct {
	At     time.Time // our clock before the first page was asked for
	Oldest int64     // least time of the entries that were read; unix seconds by the page
	All    bool      // there was nothing older
}

// NewSweep describes a reading that began at a moment and brought these entries.
func NewSweep(at time.Time, entries []Entry, all bool) Sweep {
	s := Sweep{At: at, Oldest: math.MaxInt64, All: all}
	for _, e := range entries {
		s.Oldest = min(s.Oldest, e.Time)
	}
	return s
}

// Covers reports whether a push's entry must be among those that the sweep read.
// It must be when the page was asked for long enough after the push had come,
// and when it was read back far enough: entries beyond the oldest one were sent
// no later than it, and that was at its page time + Before at the latest.
func (s Sweep) Covers(p Push, w Window) bool {
	if p.ReceivedAt.IsZero() || s.At.Sub(p.ReceivedAt) < Settle || s.At.Sub(p.ReceivedAt) > KeptFor {
		return false
	}
	return s.All || s.Oldest < math.MaxInt64 && p.Time > s.Oldest+int64(w.Before/time.Second)
}

// covered reports whether any sweep covers a push.
func covered(p Push, sweeps []Sweep, w Window) bool {
	for _, s := range sweeps {
		if s.Covers(p, w) {
			return true
		}
	}
	return false
}
