package handlers

import (
	"context"
	"net/http"
	"testing"
	"time"

	"callbackd"
)

// DeskRoute is a row of the desk's table, as tests compare it.
type DeskRoute struct {
	Method, Pattern string
}

// DeskRoutes are all routes of the desk.
func (h *Handlers) DeskRoutes() []DeskRoute {
	var all []DeskRoute
	for _, r := range h.deskRoutes() {
		all = append(all, DeskRoute{r.method, "/desk" + r.pattern})
	}
	return all
}

// DeskSession makes a session of an operator or of a link's bearer and returns what
// its browser shows: cookie and CSRF token.
func (h *Handlers) DeskSession(t *testing.T, o *callbackd.Operator, l *callbackd.ModeratorLink) (cookie, csrf string) {
	t.Helper()
	ctx, err := h.sessions.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	csrf = h.csrf(ctx)
	switch {
	case o != nil:
		h.sessions.Put(ctx, keyOperator, int64(o.ID))
		h.sessions.Put(ctx, keyRev, o.SessionRev)
	case l != nil:
		h.sessions.Put(ctx, keyLink, int64(l.ID))
	}
	cookie, _, err = h.sessions.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return cookie, csrf
}

// LocalPath is where a login goes on to.
var LocalPath = localPath

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

// TellAlarms looks once for what needs a human, and tells it.
func (h *Handlers) TellAlarms(ctx context.Context) error { return h.tellAlarms(ctx) }

// FeelPulses takes one look at every account's health.
func (h *Handlers) FeelPulses(now time.Time) { h.feelPulses(context.Background(), now) }

// Answered notes a callback that was answered.
func (h *Handlers) Answered(account callbackd.Slug, took time.Duration) {
	h.pulses.get(account).answered(took)
}

// Looked remembers a look at an account at which nothing went on.
func (h *Handlers) Looked(account callbackd.Slug, at time.Time) {
	h.pulses.get(account).push(beat{at: at})
}

// Beats is how many looks at an account are remembered; false: nothing is known of it.
func (h *Handlers) Beats(account callbackd.Slug) (int, bool) {
	p, ok := h.pulses.all()[account]
	if !ok {
		return 0, false
	}
	return len(p.beats), true
}

// Quantile is the time within which a share of some answers was given.
func Quantile(share float64, took ...time.Duration) (time.Duration, bool) {
	var p pulse
	for _, t := range took {
		p.answered(t)
	}
	c := p.take()
	return c.quantile(share)
}
