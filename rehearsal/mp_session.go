package rehearsal

import (
	"fmt"
	"net/http"
	"time"

	"callbackd"
)

// mpState is what the operator pages keep per account; guarded by Platform.mu.
// Its zero value is an account nobody has logged in to.
type mpState struct {
	session *mpSession // at most one: a new login ends the older
	logins  int        // sessions started so far
	wrong   int        // wrong passwords in a row
	captcha captcha
	recent  []time.Time // requests that the frequency control still counts
	blocked time.Time   // until when it refuses
}

// mpSession is one login of the operator.
type mpSession struct {
	sid, ticket, token string
	startedAt, usedAt  time.Time
	requests           int
}

// sessionCookies are all needed on every page (wechat-protocol 4.1).
var sessionCookies = []string{"slave_user", "slave_sid", "bizuin", "data_bizuin", "data_ticket"}

func (a *Account) cookieValues(s *mpSession) map[string]string {
	return map[string]string{
		"slave_user": a.Config.OriginalID, "slave_sid": s.sid,
		"bizuin": a.Uin(), "data_bizuin": a.Uin(), "data_ticket": s.ticket,
	}
}

// startSessionLocked logs the operator in and ends the older session.
func (a *Account) startSessionLocked() *mpSession {
	seed, id := a.p.opts.Seed, a.Config.OriginalID
	a.mp.logins++
	a.mp.wrong = 0
	a.mp.captcha = captcha{drawn: a.mp.captcha.drawn}
	now, n := a.p.now(), a.mp.logins
	a.mp.session = &mpSession{
		sid: word(seed, 80, "sid", id, n), ticket: word(seed, 44, "data_ticket", id, n),
		token:     decimal(seed, 9+n%2, "token", id, n),
		startedAt: now, usedAt: now,
	}
	a.p.countLocked(a, "mp/session")
	return a.mp.session
}

// writeSession sends the cookies of a login.
func (a *Account) writeSession(w http.ResponseWriter, s *mpSession) {
	values := a.cookieValues(s)
	for _, name := range sessionCookies {
		http.SetCookie(w, &http.Cookie{Name: name, Value: values[name], Path: "/", HttpOnly: true})
	}
}

func (s *mpSession) homeURL() string {
	return "/cgi-bin/home?t=home/index&lang=zh_CN&token=" + s.token
}

// liveSessionLocked returns the session that the request's cookies belong to,
// nil when it has ended or never was.
func (a *Account) liveSessionLocked(r *http.Request) *mpSession {
	s := a.mp.session
	if s == nil {
		return nil
	}
	for name, want := range a.cookieValues(s) {
		if c, err := r.Cookie(name); err != nil || c.Value != want {
			return nil
		}
	}
	f, now := a.operator.Session, a.p.now()
	if f.Life > 0 && now.Sub(s.startedAt) >= f.Life ||
		f.Idle > 0 && now.Sub(s.usedAt) >= f.Idle ||
		f.Requests > 0 && s.requests >= f.Requests {
		a.mp.session = nil
		return nil
	}
	return s
}

// throttledLocked counts a request and reports whether the frequency control
// refuses it.
func (a *Account) throttledLocked() bool {
	t, now := a.operator.Session.Throttle, a.p.now()
	if now.Before(a.mp.blocked) {
		if t.Extend {
			a.mp.blocked = now.Add(t.Backoff)
		}
		return true
	}
	if t.Requests <= 0 {
		a.mp.recent = nil
		return false
	}
	kept := a.mp.recent[:0]
	for _, at := range a.mp.recent {
		if now.Sub(at) < t.Per {
			kept = append(kept, at)
		}
	}
	a.mp.recent = append(kept, now)
	if len(a.mp.recent) <= t.Requests {
		return false
	}
	a.mp.recent, a.mp.blocked = nil, now.Add(t.Backoff)
	return true
}

// ThrottleFor makes the frequency control refuse everything for d from now.
func (a *Account) ThrottleFor(d time.Duration) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.mp.blocked = a.p.now().Add(d)
}

// EndSession ends the operator's session, as an operator who logs out does.
func (a *Account) EndSession() {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.mp.session = nil
}

// LogInElsewhere is a login by somebody else with the same name, in a browser
// far away: it ends the session that there was.
func (a *Account) LogInElsewhere() error {
	if a.Config.MP == nil {
		return fmt.Errorf("log in elsewhere: no operator pages: %w", callbackd.ErrInvalid)
	}
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.startSessionLocked()
	return nil
}

// Logins is how many sessions the account's operators have started.
func (a *Account) Logins() int {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return a.mp.logins
}
