package resolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/store"
)

const (
	maxSeekers = 500 // that one slice looks at, the longest waiting first
	// pictureLife is how long a profile is believed whose picture did not come.
	pictureLife = 24 * time.Hour
	// cardPause is between tries of a card that cannot be read, growing.
	cardPause = 30 * time.Second
)

// errSomebodyElse says that a card showed the evidence to be wrong.
var errSomebodyElse = errors.New("the card names another openID")

// onlyThisOne reports an answer that says something about one page, and nothing
// about the session: the next person's card may well be read.
func onlyThisOne(err error) bool {
	var answer *mpweb.AnswerError
	return errors.As(err, &answer) || errors.Is(err, mpweb.ErrUnreadable) || errors.Is(err, mpweb.ErrTooLarge) ||
		errors.Is(err, errPictureLater)
}

// readProfiles reads the cards of those who are known by their FakeID alone, or
// whose profile is old, until the slice is over.
func (s *slice) readProfiles(ctx context.Context) error {
	seekers, err := s.db.ListSeekers(ctx, s.acc.ID, s.now(), maxSeekers)
	if err != nil {
		return fmt.Errorf("list those who wait: %w", err)
	}
	for _, k := range seekers {
		if k.Person == 0 {
			continue
		}
		if s.over() {
			s.wakeAt(s.now())
			return nil
		}
		if err := s.readProfile(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// readProfile brings one person's profile up to date.
func (s *slice) readProfile(ctx context.Context, k store.Seeker) error {
	rest := store.Search{Sender: k.ID, Seen: k.DueAt, SearchedTo: k.SearchedTo}
	p, err := s.db.GetPersonByOpenID(ctx, s.acc.ID, k.OpenID)
	if err != nil {
		return fmt.Errorf("read person: %w", err)
	}
	if !Stale(&p, s.now()) {
		return s.db.SetSearches(ctx, []store.Search{rest})
	}
	err = s.complete(ctx, p)
	switch {
	case errors.Is(err, errSomebodyElse):
		return nil // due again, as somebody who is not known
	case errors.Is(err, mpweb.ErrUnfollowed):
		return s.db.SetSearches(ctx, []store.Search{rest}) // who writes again follows again
	case errors.Is(err, mpweb.ErrNoCard): // asked again when the profile would be old
		return s.store(ctx, store.Resolution{FakeID: p.FakeID, OpenID: k.OpenID, ReadAt: s.now()})
	case err != nil && onlyThisOne(err):
		s.log.Warn("a card cannot be read", "account", s.acc.Slug, "sender", k.ID, "err", err)
		rest.Attempts = k.Attempts + 1
		if k.Attempts < 5 {
			rest.Due = s.now().Add(cardPause << (2 * k.Attempts))
		}
		return s.db.SetSearches(ctx, []store.Search{rest})
	}
	return err
}

// complete gives a person whose FakeID and openID are known the rest: what was
// read before, else what the owner knows from another account, else the card.
func (s *slice) complete(ctx context.Context, p callbackd.Person) error {
	before, err := s.db.GetPerson(ctx, s.acc.ID, p.FakeID)
	if err != nil && !errors.Is(err, callbackd.ErrNotFound) {
		return fmt.Errorf("read person: %w", err)
	}
	if err == nil && !Stale(&before, s.now()) {
		return s.store(ctx, store.Resolution{FakeID: p.FakeID, OpenID: p.OpenID})
	}
	if done, err := s.takeOver(ctx, &p); done || err != nil {
		return err
	}
	_, err = s.learn(ctx, p.FakeID, p.OpenID)
	return err
}

// learn reads a person's card and picture, and stores FakeID, openID, profile
// and picture together. open is empty where only the card can tell it; where
// the card contradicts it, the card is right, and the error errSomebodyElse.
func (s *slice) learn(ctx context.Context, f callbackd.FakeID, open callbackd.OpenID) (*mpweb.Card, error) {
	card, err := s.pages.Card(ctx, s.acc, f)
	if err != nil {
		return nil, fmt.Errorf("read a card: %w", err)
	}
	res := store.Resolution{FakeID: f, OpenID: open, Profile: card.Profile, ReadAt: s.now()}
	var missing error
	if card.HasOpenID && open != card.OpenID {
		if open != "" {
			s.log.Warn("a card names another openID than the evidence", "account", s.acc.Slug)
			if err := s.db.UnsetPerson(ctx, s.acc.ID, f, open); err != nil {
				return card, fmt.Errorf("unset person: %w", err)
			}
			missing = errSomebodyElse
		}
		res.OpenID = card.OpenID
	}
	picture, err := s.picture(ctx, card)
	res.Avatar = picture
	switch {
	case errors.Is(err, errPictureLater):
		s.log.Warn("the picture of a person did not come", "account", s.acc.Slug)
		res.ReadAt = res.ReadAt.Add(pictureLife - ProfileAge)
	case err != nil:
		res.ReadAt = time.Time{} // what is known is kept; the card is read once more
		missing = err
	}
	if err := s.store(ctx, res); err != nil {
		return card, err
	}
	return card, missing
}

// store keeps what was found out about a person. Where a FakeID belongs to
// another openID, or the other way round, nobody is changed: somebody unknown is
// better than the wrong person.
func (s *slice) store(ctx context.Context, res store.Resolution) error {
	err := s.db.SetPerson(ctx, s.acc.ID, res)
	if errors.Is(err, callbackd.ErrConflict) {
		s.log.Warn("evidence names a person who is somebody else", "account", s.acc.Slug)
	}
	if err != nil {
		return fmt.Errorf("store person: %w", err)
	}
	return nil
}

// takeOver gives a person the profile that another account of the same owner
// has, where this account's own pages show the same nickname.
func (s *slice) takeOver(ctx context.Context, p *callbackd.Person) (bool, error) {
	if s.acc.Owner == "" || s.acc.MPWeb.Dialect != callbackd.Dialect2014 || !p.ReadAt.IsZero() {
		return false, nil
	}
	elsewhere, err := s.db.ListPersonsElsewhere(ctx, s.acc.ID, s.acc.Owner, p.FakeID)
	if err != nil {
		return false, fmt.Errorf("look at the owner's other accounts: %w", err)
	}
	for _, there := range elsewhere {
		if Stale(&there, s.now()) || !MayTakeOver(s.acc.MPWeb.Dialect, p.Profile.Nickname, there.Profile) {
			continue
		}
		res := store.Resolution{FakeID: p.FakeID, OpenID: p.OpenID, Profile: there.Profile, ReadAt: there.ReadAt}
		if there.Avatar != "" {
			if res.Avatar, err = s.copyPicture(ctx, p.FakeID, there.Avatar); err != nil {
				return false, err
			}
		}
		return true, s.store(ctx, res)
	}
	return false, nil
}

// copyPicture copies a picture of another account: each account's rows stand by
// themselves. nil where its bytes are gone.
func (s *slice) copyPicture(ctx context.Context, f callbackd.FakeID, id callbackd.PublicID) (*store.NewAvatar, error) {
	a, err := s.db.GetAvatar(ctx, id)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	r, _, err := s.blobs.Open(ctx, a.Blob)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer r.Close()
	made, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return s.keepPicture(ctx, f, made, a.Type)
}
