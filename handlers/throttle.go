package handlers

import (
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// allowance is so much at once; what was taken comes back evenly over a time.
type allowance struct {
	most int
	per  time.Duration
}

// What one caller may ask for. All of a list hold at once.
var (
	// of one address, which a whole venue may share; unbound ones go within a day
	allowViewers  = []allowance{{1000, time.Hour}, {60, time.Minute}}
	allowStranger = []allowance{{300, time.Minute}} // of one address: requests of no viewer that is known
	allowBindings = []allowance{{10, time.Hour}}
	allowPeople   = []allowance{{60, time.Minute}}
	allowMessages = []allowance{{6, time.Minute}, {30, time.Hour}} // of one follower
	allowTests    = []allowance{{6, time.Minute}}
	allowRest     = []allowance{{300, time.Minute}}
)

// throttleKeys bounds what one of a throttle's two generations remembers.
const throttleKeys = 20_000

// throttle counts what callers took, in the memory of this process alone: it
// keeps one caller from costing everybody, and promises nothing beyond that.
// What was taken longest ago is forgotten first when there are too many callers.
type throttle struct {
	now  func() time.Time
	most int // keys of a generation

	mu         sync.Mutex // guards what follows
	young, old map[throttleKey]time.Time
}

// throttleKey is a caller and what is counted of theirs. Its value is when all
// that was taken will have come back.
type throttleKey struct {
	who, what string
	allowance
}

func newThrottle(now func() time.Time, most int) *throttle {
	return &throttle{now: now, most: most, young: map[throttleKey]time.Time{}}
}

// take takes one of each allowance, or nothing: then it says how long to wait
// until all of them have one again.
func (t *throttle) take(who, what string, all []allowance) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	full := make([]time.Time, len(all))
	for i, a := range all {
		key := throttleKey{who, what, a}
		at, ok := t.young[key]
		if !ok {
			if at, ok = t.old[key]; ok {
				t.set(key, at) // whoever goes on asking is not forgotten
			}
		}
		if at.Before(now) {
			at = now
		}
		full[i] = at.Add(a.per / time.Duration(a.most))
		wait = max(wait, full[i].Sub(now)-a.per)
	}
	if wait > 0 {
		return wait
	}
	for i, a := range all {
		t.set(throttleKey{who, what, a}, full[i])
	}
	return 0
}

func (t *throttle) set(key throttleKey, full time.Time) {
	if _, known := t.young[key]; !known && len(t.young) >= t.most {
		t.old, t.young = t.young, map[throttleKey]time.Time{}
	}
	t.young[key] = full
}

// ofAddress names a client's network for a throttle: whoever has one address of
// IPv6 has the 2^64 around it.
func ofAddress(addr string) string {
	if a, err := netip.ParseAddr(addr); err == nil && a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr
}

// throttledError is a refusal for now.
type throttledError struct{ after time.Duration }

func (e *throttledError) Error() string { return "throttled for " + e.after.String() }

// seconds is the wait in whole seconds, never too few of them.
func (e *throttledError) seconds() string {
	return strconv.FormatInt(int64((e.after+time.Second-1)/time.Second), 10)
}
