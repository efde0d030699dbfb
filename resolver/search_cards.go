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
)

const (
	factNoUserPage   = "user-page" // when a card showed no openID; RFC 3339
	noUserPageLife   = 7 * 24 * time.Hour
	contactsAtOnce   = 8                // cards of followers who have said nothing, in one slice
	contactsLife     = 10 * time.Second // how long the newest contacts are the newest
	unreadableFor    = 10 * time.Minute // how long a card that cannot be read is left alone
	listedUnresolved = 100
)

// strategies are the account's, without user-page where its cards hold no openID.
func (s *slice) strategies(ctx context.Context) []callbackd.Strategy {
	all := s.acc.Strategies()
	if !slices.Contains(all, callbackd.StrategyUserPage) {
		return all
	}
	since, err := s.db.GetFact(ctx, s.acc.ID, factNoUserPage)
	at, bad := time.Parse(time.RFC3339, since)
	if err != nil || bad != nil || s.now().Sub(at) > noUserPageLife {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(x callbackd.Strategy) bool { return x == callbackd.StrategyUserPage })
}

// searchCards reads the cards that may show a waiting sender's openID
// (CN103501265A, claim 3): each once, remembered for whoever it is.
func (s *slice) searchCards(ctx context.Context, q *search, strategies []callbackd.Strategy) error {
	order, err := s.cards(ctx, q, strategies)
	if err != nil {
		return err
	}
	for _, f := range order {
		if q.left() == 0 {
			return nil
		}
		if s.over() {
			s.wakeAt(s.now())
			q.putOff(func(w *seeking) bool { return !w.silent() }) // who is silent has had a try: the contacts are no queue to be read to its end
			return nil
		}
		card, err := s.learn(ctx, f, "")
		if card != nil && !card.HasOpenID {
			return errors.Join(err, s.noUserPage(ctx))
		}
		if err != nil && !errors.Is(err, mpweb.ErrNoCard) && !errors.Is(err, callbackd.ErrConflict) && !onlyThisOne(err) {
			return err
		}
		if err != nil {
			s.m.leaveAlone(f, s.now().Add(unreadableFor))
			continue
		}
		for _, w := range q.waiting {
			if w.OpenID == card.OpenID {
				w.state = known
			}
		}
	}
	return nil
}

// noUserPage remembers, and says once, that user-page cannot work here.
func (s *slice) noUserPage(ctx context.Context) error {
	s.log.Warn("the cards of this account hold no openID: strategy user-page is passed over", "account", s.acc.Slug)
	if err := s.db.SetFact(ctx, s.acc.ID, factNoUserPage, s.now().UTC().Format(time.RFC3339)); err != nil {
		return fmt.Errorf("remember that user-page does not work: %w", err)
	}
	return nil
}

// cards lists the FakeIDs whose cards are worth reading, the most telling first.
func (s *slice) cards(ctx context.Context, q *search, strategies []callbackd.Strategy) ([]callbackd.FakeID, error) {
	var waiting []callbackd.SenderID
	silent := false
	for _, w := range q.waiting {
		if w.state == unknown && s.released(w, strategies) {
			waiting = append(waiting, w.ID)
			silent = silent || w.silent()
		}
	}
	if len(waiting) == 0 {
		return nil, nil
	}
	var contacts []callbackd.FakeID
	if silent {
		var err error
		if contacts, err = s.contacts(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.weigh(ctx, q); err != nil {
		return nil, err
	}
	candidates := q.candidates
	if candidates == nil {
		candidates = q.ev.Prior
	}
	order := CardOrder(&q.index, q.ev, waiting, candidates, contacts)
	return slices.DeleteFunc(order, func(f callbackd.FakeID) bool { return s.m.leftAlone(f, s.now()) }), nil
}

// contacts are the newest followers of whom no card has told an openID.
func (s *slice) contacts(ctx context.Context) ([]callbackd.FakeID, error) {
	now := s.now()
	if now.Sub(s.m.listedAt) >= contactsLife {
		page, _, _, err := s.pages.Contacts(ctx, s.acc, mpweb.Cursor{})
		if err != nil {
			return nil, fmt.Errorf("read the newest contacts: %w", err)
		}
		people := make([]callbackd.Person, len(page))
		for i, c := range page { // newest first, so the first is listed last
			people[i] = callbackd.Person{FakeID: c.FakeID, Profile: callbackd.Profile{Nickname: c.Nickname}, ListedAt: now.Add(-time.Duration(i) * time.Millisecond)}
		}
		if err := s.db.ListContacts(ctx, s.acc.ID, people); err != nil {
			return nil, fmt.Errorf("keep the newest contacts: %w", err)
		}
		s.m.listedAt = now
	}
	people, err := s.db.ListPersons(ctx, s.acc.ID, false, listedUnresolved)
	if err != nil {
		return nil, fmt.Errorf("list who is not resolved: %w", err)
	}
	var out []callbackd.FakeID
	for _, p := range people {
		if !s.m.leftAlone(p.FakeID, now) && len(out) < contactsAtOnce {
			out = append(out, p.FakeID)
		}
	}
	return out, nil
}

// anyHint reports whether a line may be a message of somebody who waits for a
// card, by a person who is not known.
func (s *slice) anyHint(q *search, strategies []callbackd.Strategy) bool {
	owned := q.ev.owners()
	for _, w := range q.waiting {
		if w.state != unknown || !s.released(w, strategies) {
			continue
		}
		for _, p := range w.pushes {
			for _, e := range q.ev.Listed {
				if _, known := owned[e.FakeID]; !known && !s.m.leftAlone(e.FakeID, s.now()) && match.Compatible(p, e, match.DefaultWindow) {
					return true
				}
			}
		}
	}
	return false
}
