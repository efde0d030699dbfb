package resolver

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/store"
)

// After the quick tries, in which a line or a contact is still expected, comes
// rest: until the sender is heard of again, with a few looks at growing pauses,
// because others who become known may leave one candidate.
const (
	quickTries    = 10
	maxCandidates = 50 // more say too little to be kept
)

var (
	quickPauses  = []time.Duration{time.Second, time.Second, 1500 * time.Millisecond, 2 * time.Second}
	restPauses   = []time.Duration{30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour}
	silentPauses = []time.Duration{2 * time.Second, 10 * time.Second, time.Minute}
)

// reach says which strategies look at the message page, and how far.
type reach struct{ byID, byTime, byCard bool }

func reachOf(strategies []callbackd.Strategy) reach {
	return reach{
		byID:   slices.Contains(strategies, callbackd.StrategyMsgID),
		byTime: slices.Contains(strategies, callbackd.StrategyCreateTime),
		byCard: slices.Contains(strategies, callbackd.StrategyUserPage),
	}
}

// idMayTell reports whether the entry that a push names is still expected.
func (s *slice) idMayTell(r reach, p Pushed) bool {
	id, ok := match.ExactID(p)
	if !r.byID || !ok {
		return false
	}
	_, listed := s.m.lines[id]
	return !listed && !s.m.looked(id, p.ReceivedAt)
}

// timeMayTell reports whether the line of a push must still be waited for or
// looked for.
func (s *slice) timeMayTell(p Pushed) bool {
	return !s.tooOld(p) && !s.covered(p) && p.Time > s.m.floor
}

func (s *slice) tooOld(p Pushed) bool { return s.now().Sub(p.ReceivedAt) > match.KeptFor }

// exhausted reports whether the message page has nothing more to say of a push.
func (s *slice) exhausted(r reach, p Pushed) bool {
	return !s.idMayTell(r, p) && (!r.byTime && !r.byCard || !s.timeMayTell(p))
}

// released reports whether the strategies before user-page have had their turn
// with a sender.
func (s *slice) released(w *seeking, strategies []callbackd.Strategy) bool {
	for _, strategy := range strategies {
		r := reachOf([]callbackd.Strategy{strategy})
		switch {
		case r.byCard:
			return true
		case r.byID && slices.ContainsFunc(w.pushes, func(p Pushed) bool { return s.idMayTell(r, p) }),
			r.byTime && slices.ContainsFunc(w.pushes, s.timeMayTell):
			return false
		}
	}
	return true
}

// wishOf says what another look at the message page should go over now; false
// where none would help, or it is too early for one.
func (s *slice) wishOf(q *search, strategies []callbackd.Strategy) (wish, bool) {
	r := reachOf(strategies)
	now := s.now()
	out := wish{back: math.MaxInt64}
	hinted := r.byCard && s.anyHint(q, strategies)
	for _, w := range q.waiting {
		if w.state != unknown {
			continue
		}
		for _, p := range w.pushes {
			id, _ := match.ExactID(p)
			switch {
			case s.idMayTell(r, p):
				out.newest = true
				out.ids = append(out.ids, id)
			case !r.byTime && !r.byCard || !s.timeMayTell(p):
			case now.Sub(p.ReceivedAt) >= match.Settle:
				out.back = min(out.back, p.Time-int64(match.DefaultWindow.Before/time.Second))
			case r.byCard && !hinted && s.released(w, strategies):
				out.newest = true
			}
		}
	}
	if hinted && !out.newest { // the cards first: they may tell whoever else waits
		return out, false
	}
	if ready := s.m.sweptAt.Add(gapSweep); out.back < math.MaxInt64 && now.Before(ready) {
		s.wakeAt(ready)
		out.back = math.MaxInt64
	}
	if ready := s.m.readAt.Add(gapReading); out.newest && out.back == math.MaxInt64 && now.Before(ready) {
		s.wakeAt(ready)
		return out, false
	}
	slices.SortFunc(out.ids, func(a, b uint64) int { return cmp.Compare(b, a) })
	return out, out.newest || out.back < math.MaxInt64
}

// putOffRest ends the slice for those who are still unknown.
func (s *slice) putOffRest(ctx context.Context, q *search, strategies []callbackd.Strategy) error {
	r := reachOf(strategies)
	var out []store.Search
	for _, w := range q.waiting {
		if w.state == unknown || w.state == disputed {
			out = append(out, s.later(q, w, r))
		}
	}
	return s.db.SetSearches(ctx, out)
}

// later is the next try for one sender.
func (s *slice) later(q *search, w *seeking, r reach) store.Search {
	out := store.Search{Sender: w.ID, Seen: w.DueAt, Attempts: w.Attempts + 1, SearchedTo: w.SearchedTo, Candidates: q.leftOf(s, w)}
	if w.state == disputed {
		out.Candidates = nil
	}
	var next *Pushed
	for i, p := range w.pushes {
		if w.state != disputed && !s.exhausted(r, p) {
			next = &w.pushes[i]
			break
		}
		out.SearchedTo = p.Message
	}
	now := s.now()
	pauses, n := restPauses, w.Attempts-quickTries
	switch {
	case next != nil && s.m.readAt.Before(w.DueAt) && (r.byCard || s.idMayTell(r, *next)): // nobody has looked yet
		out.Attempts = w.Attempts
		out.Due = maxTime(s.m.readAt.Add(gapReading), now.Add(betweenSlices))
		return out
	case next != nil:
		out.Attempts = min(out.Attempts, quickTries-1)
		out.Due = s.nextLook(r, *next, w.Attempts)
		return out
	case len(w.pushes) == maxEach: // there may be more
		out.Attempts = w.Attempts
		out.Due = now.Add(betweenSlices)
		return out
	case w.silent():
		if !r.byCard {
			out.Attempts = 0
			return out // silent, and only a card could tell
		}
		pauses, n = silentPauses, w.Attempts
	case n < 0:
		n = 0
		out.Attempts = quickTries + 1
	}
	if n < len(pauses) {
		out.Due = now.Add(pauses[n])
	}
	return out
}

// nextLook is when the message page may say more of a push.
func (s *slice) nextLook(r reach, p Pushed, tries int) time.Time {
	now := s.now()
	settled := p.ReceivedAt.Add(match.Settle + 50*time.Millisecond)
	if !s.idMayTell(r, p) && !r.byCard {
		if due := s.m.sweptAt.Add(gapSweep); due.After(settled) {
			settled = due
		}
		return maxTime(settled, now.Add(betweenSlices))
	}
	quick := now.Add(quickPauses[min(tries, len(quickPauses)-1)])
	if settled.After(now) && settled.Before(quick) {
		return settled
	}
	return quick
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// leftOf is what the evidence left of a sender's possible FakeIDs.
func (q *search) leftOf(s *slice, w *seeking) []callbackd.FakeID {
	left, ok := q.candidates[w.ID]
	switch {
	case ok && len(left) > 0 && len(left) <= maxCandidates:
		return left
	case ok:
		return nil
	case q.candidates != nil && slices.ContainsFunc(w.pushes, s.covered):
		return nil // the newest evidence contradicts the earlier; neither is believed
	}
	if q.ev.Prior == nil {
		return w.Candidates // nothing was weighed
	}
	return q.ev.Prior[w.ID]
}
