package push

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	maxEndpointLimits = 4096 // of one origin
	// originLimitAfter is how many targets an origin limits, with none accepted
	// between, before it is taken to mean all of them.
	originLimitAfter = 3
)

// endpointKey stands for an endpoint or a token, so that neither is kept.
type endpointKey [sha256.Size]byte

func keyOf(secret string) endpointKey { return sha256.Sum256([]byte(secret)) }

// limits holds the waits that an origin asked for: of single targets, and of
// itself. They are kept apart, as one busy device must not silence the rest.
type limits struct {
	mu        sync.Mutex // guards all below
	origin    time.Time
	endpoints map[endpointKey]time.Time
	recent    map[endpointKey]bool // limited since something was accepted; at most originLimitAfter
}

// wait says how long a target has to wait, and why.
func (l *limits) wait(now time.Time, key endpointKey) (time.Duration, Scope) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.origin) {
		return l.origin.Sub(now), ScopeOrigin
	}
	until, limited := l.endpoints[key]
	if !limited {
		return 0, ""
	}
	if !now.Before(until) {
		delete(l.endpoints, key)
		return 0, ""
	}
	return until.Sub(now), ScopeEndpoint
}

// limit notes a wait and returns whom it concerns: the origin as well, once
// several targets were limited in a row.
func (l *limits) limit(now time.Time, key endpointKey, wait time.Duration, scope Scope) Scope {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := now.Add(wait)
	if scope == ScopeEndpoint {
		l.noteEndpoint(now, key, until)
		if len(l.recent) < originLimitAfter {
			return ScopeEndpoint
		}
	}
	if until.After(l.origin) {
		l.origin = until
	}
	clear(l.recent)
	return ScopeOrigin
}

func (l *limits) noteEndpoint(now time.Time, key endpointKey, until time.Time) {
	if l.endpoints == nil {
		l.endpoints, l.recent = map[endpointKey]time.Time{}, map[endpointKey]bool{}
	}
	l.recent[key] = true
	if _, known := l.endpoints[key]; !known && len(l.endpoints) >= maxEndpointLimits {
		l.makeRoom(now)
	}
	l.endpoints[key] = until
}

// makeRoom drops what is over and, where nothing is, the wait that ends first.
func (l *limits) makeRoom(now time.Time) {
	var first endpointKey
	var firstUntil time.Time
	for key, until := range l.endpoints {
		if !now.Before(until) {
			delete(l.endpoints, key)
			continue
		}
		if firstUntil.IsZero() || until.Before(firstUntil) {
			first, firstUntil = key, until
		}
	}
	if len(l.endpoints) >= maxEndpointLimits {
		delete(l.endpoints, first)
	}
}

// accepted forgets the row of limited targets.
func (l *limits) accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.recent)
}
