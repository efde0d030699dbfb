package resolver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
	"callbackd/store"
)

// inOneStep is up to how many people at a time get name and face together. In a
// rush the names that the message page shows come first, then the faces.
const inOneStep = 3

// seeking is one sender who is not known, with what no search has looked at.
type seeking struct {
	store.Seeker
	pushes []Pushed // oldest first
	state  progress
}

// silent reports a sender who has said nothing yet.
func (w *seeking) silent() bool { return len(w.pushes) == 0 && w.SearchedTo == 0 }

// progress is what became of a sender in this slice.
type progress int

const (
	unknown  progress = iota
	known             // the person is found
	disputed          // the evidence names somebody who is somebody else
	putOff            // this sender's pages cannot be read now
)

// search is what one slice knows of all who are not known.
type search struct {
	waiting    []*seeking // the longest waiting first
	of         map[callbackd.SenderID]*seeking
	openIDs    map[callbackd.SenderID]callbackd.OpenID // of everybody with a message in ev
	ev         Evidence
	index      Index
	owned      []store.Owner // what index was made from
	candidates map[callbackd.SenderID][]callbackd.FakeID
}

// identify looks for everybody who is not known, by the account's strategies in
// their order.
func (s *slice) identify(ctx context.Context) error {
	q, err := s.gather(ctx)
	if err != nil || len(q.waiting) == 0 {
		return err
	}
	strategies := s.strategies(ctx)
	if slices.Contains(strategies, callbackd.StrategyOpenID) {
		if err := s.searchOpenID(ctx, q); err != nil {
			return err
		}
	}
	before, after, cards := cut(strategies)
	if q.left() > 0 {
		if err := s.searchPages(ctx, q, strategies, before); err != nil {
			return err
		}
	}
	if q.left() > 0 && cards {
		if err := s.searchCards(ctx, q, strategies); err != nil {
			return err
		}
		strategies = s.strategies(ctx) // a card may have shown that it holds no openID
		if q.left() > 0 && len(after) > 0 {
			if err := s.matchAll(ctx, q, after); err != nil {
				return err
			}
		}
	}
	return s.putOffRest(ctx, q, strategies)
}

// cut divides the strategies at user-page.
func cut(all []callbackd.Strategy) (before, after []callbackd.Strategy, userPage bool) {
	i := slices.Index(all, callbackd.StrategyUserPage)
	if i < 0 {
		return all, nil, false
	}
	return all[:i], all[i+1:], true
}

// gather reads from the store who waits, and what of theirs is new.
func (s *slice) gather(ctx context.Context) (*search, error) {
	now := s.now()
	q := &search{of: map[callbackd.SenderID]*seeking{}}
	seekers, err := s.db.ListSeekers(ctx, s.acc.ID, now, maxSeekers)
	if err != nil {
		return q, fmt.Errorf("list those who wait: %w", err)
	}
	for _, k := range seekers {
		if k.Person == 0 {
			w := &seeking{Seeker: k}
			q.waiting, q.of[k.ID] = append(q.waiting, w), w
		}
	}
	if len(q.waiting) == 0 {
		return q, nil
	}
	fresh, err := s.db.ListUnsearched(ctx, s.acc.ID, now, maxSeekers, maxEach)
	if err != nil {
		return q, fmt.Errorf("list their messages: %w", err)
	}
	for _, f := range fresh {
		if w := q.of[f.Message.Sender]; w != nil {
			w.pushes = append(w.pushes, PushedOf(&f.Message))
			if s.m.from == 0 || f.Message.ID < s.m.from {
				s.m.from = f.Message.ID
			}
		}
	}
	return q, nil
}

// left counts those who are still unknown.
func (q *search) left() (n int) {
	for _, w := range q.waiting {
		if w.state == unknown {
			n++
		}
	}
	return n
}

// searchOpenID reads the cards of dialect 2016, where the openID is the FakeID.
func (s *slice) searchOpenID(ctx context.Context, q *search) error {
	for _, w := range q.waiting {
		f, ok := ByOpenID(s.acc.MPWeb.Dialect, w.OpenID)
		if !ok {
			return nil
		}
		if s.over() {
			s.wakeAt(s.now())
			q.putOff(func(*seeking) bool { return true })
			return nil
		}
		_, err := s.learn(ctx, f, w.OpenID)
		if err := s.noted(w, err); err != nil {
			return err
		}
	}
	return nil
}

// putOff leaves some of those who are still unknown to the next slice.
func (q *search) putOff(which func(*seeking) bool) {
	for _, w := range q.waiting {
		if w.state == unknown && which(w) {
			w.state = putOff
		}
	}
}

// noted turns the end of one sender's card into that sender's progress; what is
// not that sender's alone comes back.
func (s *slice) noted(w *seeking, err error) error {
	switch {
	case err == nil:
		w.state = known
	case errors.Is(err, mpweb.ErrNoCard): // the next strategy
	case errors.Is(err, callbackd.ErrConflict), errors.Is(err, errSomebodyElse):
		w.state = disputed
	case onlyThisOne(err):
		s.log.Warn("a card cannot be read", "account", s.acc.Slug, "sender", w.ID, "err", err)
		w.state = disputed
	default:
		return err
	}
	return nil
}

// searchPages asks the matchers that come first, over the lines that are
// remembered, then after another look at the message page where that may help
// any strategy.
func (s *slice) searchPages(ctx context.Context, q *search, all, first []callbackd.Strategy) error {
	if r := reachOf(all); !r.byID && !r.byTime && !r.byCard {
		return nil
	}
	if slices.ContainsFunc(q.waiting, s.mayBeRemembered) {
		if err := s.matchAll(ctx, q, first); err != nil || q.left() == 0 {
			return err
		}
	}
	w, some := s.wishOf(q, all)
	if !some {
		return nil
	}
	if err := s.read(ctx, w); err != nil {
		return err
	}
	return s.matchAll(ctx, q, first)
}

// mayBeRemembered reports whether the lines that were read before may tell a
// sender: those who were heard of later need another look.
func (s *slice) mayBeRemembered(w *seeking) bool {
	return w.state == unknown && (len(w.pushes) == 0 || slices.ContainsFunc(w.pushes, func(p Pushed) bool { return !p.ReceivedAt.After(s.m.pagedAt) }))
}

// matchAll asks the matchers once over everything that is remembered.
func (s *slice) matchAll(ctx context.Context, q *search, strategies []callbackd.Strategy) error {
	if len(s.m.lines) == 0 {
		return nil
	}
	if err := s.weigh(ctx, q); err != nil {
		return err
	}
	found := map[callbackd.SenderID]callbackd.FakeID{}
	for _, strategy := range strategies {
		var some map[callbackd.SenderID]callbackd.FakeID
		switch {
		case strategy == callbackd.StrategyMsgID:
			some = ByMsgID(q.ev)
		case strategy == callbackd.StrategyCreateTime && s.timeTells(q, found):
			some, q.candidates = ByCreateTime(q.ev)
		}
		for sender, f := range some {
			found[sender], q.ev.Known[sender] = f, f
		}
	}
	return s.settle(ctx, q, found)
}

// timeTells reports whether there is somebody for create-time to look at: a
// message that a sweep covers, of a sender whom nothing else has told.
func (s *slice) timeTells(q *search, found map[callbackd.SenderID]callbackd.FakeID) bool {
	for _, w := range q.waiting {
		if _, told := found[w.ID]; told || w.state != unknown {
			continue
		}
		if slices.ContainsFunc(w.pushes, s.covered) {
			return true
		}
	}
	return false
}

func (s *slice) covered(p Pushed) bool {
	return slices.ContainsFunc(s.m.sweeps, func(w Sweep) bool { return w.Covers(p, match.DefaultWindow) })
}

// weigh puts the evidence together.
func (s *slice) weigh(ctx context.Context, q *search) error {
	q.ev = s.m.evidence()
	q.openIDs = map[callbackd.SenderID]callbackd.OpenID{}
	q.ev.Known, q.ev.Prior = map[callbackd.SenderID]callbackd.FakeID{}, map[callbackd.SenderID][]callbackd.FakeID{}
	have, err := s.weighPushed(ctx, q)
	if err != nil {
		return err
	}
	for _, w := range q.waiting {
		q.openIDs[w.ID] = w.OpenID
		if len(w.Candidates) > 0 {
			q.ev.Prior[w.ID] = w.Candidates
		}
		for _, p := range w.pushes {
			if !have[p.Message] {
				q.ev.Pushes = append(q.ev.Pushes, p)
			}
		}
	}
	if err := s.owners(ctx, q); err != nil {
		return err
	}
	for sender, prior := range q.ev.Prior { // where all are others by now, it was not true
		if !slices.ContainsFunc(prior, func(f callbackd.FakeID) bool { return !q.index.Resolved(f) }) {
			delete(q.ev.Prior, sender)
		}
	}
	return nil
}

// weighPushed brings in everybody's messages as far back as the lines go, those
// of known senders too, and tells which they are.
func (s *slice) weighPushed(ctx context.Context, q *search) (map[callbackd.MessageID]bool, error) {
	have := map[callbackd.MessageID]bool{}
	if s.m.from == 0 {
		return have, nil
	}
	pushed, err := s.db.ListPushed(ctx, s.acc.ID, s.m.from, maxPushed)
	if err != nil {
		return have, fmt.Errorf("list messages: %w", err)
	}
	earliest := s.now().Add(-lineLife - time.Minute)
	for i := len(pushed) - 1; i >= 0; i-- {
		p := pushed[i]
		if p.Message.SentAt.Before(earliest) && q.of[p.Message.Sender] == nil {
			if len(q.ev.Pushes) == 0 {
				s.m.from = p.Message.ID + 1
			}
			continue
		}
		have[p.Message.ID] = true
		q.ev.Pushes = append(q.ev.Pushes, PushedOf(&p.Message))
		q.openIDs[p.Message.Sender] = p.OpenID
		if p.FakeID != "" {
			q.ev.Known[p.Message.Sender] = p.FakeID
		}
	}
	return have, nil
}

// owners brings in whose the FakeIDs are that occur in the evidence.
func (s *slice) owners(ctx context.Context, q *search) error {
	seen := map[callbackd.FakeID]bool{}
	var ids []callbackd.FakeID
	add := func(f callbackd.FakeID) {
		if !seen[f] && !q.index.Resolved(f) {
			seen[f] = true
			ids = append(ids, f)
		}
	}
	for _, e := range q.ev.Listed {
		add(e.FakeID)
	}
	for _, fakes := range q.ev.Prior {
		for _, f := range fakes {
			add(f)
		}
	}
	owners, err := s.db.ListOwners(ctx, s.acc.ID, ids)
	if err != nil {
		return fmt.Errorf("list whose the FakeIDs are: %w", err)
	}
	for _, o := range owners {
		if err := q.index.Bind(o.FakeID, o.OpenID); err != nil {
			return fmt.Errorf("index of FakeIDs: %w", err)
		}
		q.owned = append(q.owned, o)
	}
	for i, o := range q.owned {
		sender := o.Sender
		if sender == 0 {
			sender = callbackd.SenderID(-1 - i) // known, and has sent nothing yet
		}
		q.ev.Known[sender] = o.FakeID
	}
	return nil
}

// settle stores whom the matchers told. A few get everything in one step; in a
// rush the names come first, which the message page shows already, and the
// cards follow.
func (s *slice) settle(ctx context.Context, q *search, found map[callbackd.SenderID]callbackd.FakeID) error {
	order := make([]callbackd.SenderID, 0, len(found))
	for sender := range found {
		order = append(order, sender)
	}
	place := map[callbackd.SenderID]int{}
	for i, w := range q.waiting {
		place[w.ID] = i - len(q.waiting)
	}
	slices.SortFunc(order, func(a, b callbackd.SenderID) int {
		if place[a] != place[b] {
			return place[a] - place[b]
		}
		return int(a - b)
	})
	for _, sender := range order {
		p := callbackd.Person{FakeID: found[sender], OpenID: q.openIDs[sender]}
		p.Profile.Nickname = s.m.nickname(p.FakeID)
		w := q.of[sender]
		if w == nil { // put off, and told by what others said
			w = &seeking{Seeker: store.Seeker{ID: sender}}
		}
		if w.state != unknown {
			continue
		}
		if err := s.meet(ctx, w, p, len(order) <= inOneStep); err != nil {
			return err
		}
	}
	return nil
}

// meet stores one person, at once with the card or without it.
func (s *slice) meet(ctx context.Context, w *seeking, p callbackd.Person, withCard bool) error {
	if withCard && !s.over() {
		err := s.complete(ctx, p)
		if !errors.Is(err, mpweb.ErrNoCard) && !onlyThisOne(err) {
			return s.noted(w, err)
		}
	}
	return s.noted(w, s.store(ctx, store.Resolution{FakeID: p.FakeID, OpenID: p.OpenID, Profile: p.Profile}))
}
