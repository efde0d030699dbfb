package handlers

import (
	"net/http"
	"time"
)

// Throttle is a throttle that a test looks into.
type Throttle struct{ *throttle }

// NewThrottle returns one of a size.
func NewThrottle(now func() time.Time, most int) Throttle { return Throttle{newThrottle(now, most)} }

// Take takes one of so many in a time.
func (t Throttle) Take(who string, most int, per time.Duration) time.Duration {
	return t.take(who, "", []allowance{{most, per}})
}

// TakeBoth takes one of two allowances.
func (t Throttle) TakeBoth(who string, most1 int, per1 time.Duration, most2 int, per2 time.Duration) time.Duration {
	return t.take(who, "", []allowance{{most1, per1}, {most2, per2}})
}

// Keys is how many keys it remembers.
func (t Throttle) Keys() int { return len(t.young) + len(t.old) }

// OfAddress names a client's network.
var OfAddress = ofAddress

// IsHTTPS reports whether a request came by https.
func (h *Handlers) IsHTTPS(r *http.Request) bool { return h.isHTTPS(r) }
