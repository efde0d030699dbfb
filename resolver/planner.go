package resolver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/mpweb"
	"callbackd/store"
)

// Config is what a Planner needs.
type Config struct {
	DB    *store.DB
	Pages *mpweb.Client
	Blobs blob.Bucket // where pictures of people are kept
	// Outbound fetches pictures from hosts that are not the platform's (dialect
	// 2016). It must be guarded: the addresses come from outside. Nil: none is fetched.
	Outbound *http.Client
	// Face makes a picture that may be shown of the bytes that came, and says its
	// MIME type. Nil: no pictures are kept.
	Face func(ctx context.Context, raw []byte) ([]byte, string, error)
	Now  func() time.Time // nil: the store's clock
	Log  *slog.Logger     // nil: discards
}

// Planner finds out who the senders of an account are who wait for it. What it
// remembers between two runs is a hint: losing it costs pages, no person.
type Planner struct {
	db       *store.DB
	pages    *mpweb.Client
	blobs    blob.Bucket
	outbound *http.Client
	face     func(context.Context, []byte) ([]byte, string, error)
	now      func() time.Time
	log      *slog.Logger

	mu       sync.Mutex // guards memories
	memories map[callbackd.AccountID]*memory
}

// New makes a planner.
func New(cfg Config) *Planner {
	p := &Planner{db: cfg.DB, pages: cfg.Pages, blobs: cfg.Blobs, outbound: cfg.Outbound, face: cfg.Face, now: cfg.Now, log: cfg.Log,
		memories: map[callbackd.AccountID]*memory{}}
	if p.now == nil {
		p.now = cfg.DB.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p
}

const (
	sliceTime = 2500 * time.Millisecond // of one run: newcomers are looked for in each, and other jobs want the session, too
	// betweenSlices lets those in.
	betweenSlices = 100 * time.Millisecond
	longestSnooze = time.Hour
	humanPause    = time.Minute
	// deafFor is how long pushes do not wake a planner whose session can do nothing.
	deafFor = 3 * time.Second
)

// Run is the handler of callbackd.JobResolve: one slice of the search for all
// senders of an account that wait at this moment.
func (p *Planner) Run(ctx context.Context, j callbackd.Job) error {
	id, err := strconv.ParseInt(j.Key, 10, 64)
	if err != nil {
		return callbackd.Permanent(fmt.Errorf("resolve key: %w", err))
	}
	acc, err := p.db.GetAccountByID(ctx, callbackd.AccountID(id))
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil // it was removed
	}
	if err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	if len(acc.Strategies()) == 0 {
		return nil
	}
	m := p.memory(acc.ID)
	m.mu.Lock()
	defer m.mu.Unlock()
	now := p.now()
	if m.deafUntil.After(now) {
		return m.deafWith
	}
	s := &slice{Planner: p, acc: acc, m: m, until: now.Add(sliceTime)}
	err = s.run(ctx)
	m.forget(p.now())
	return s.verdict(ctx, err)
}

func (p *Planner) memory(id callbackd.AccountID) *memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.memories[id]
	if !ok {
		m = &memory{lines: map[uint64]mpweb.Entry{}, alone: map[callbackd.FakeID]time.Time{}}
		p.memories[id] = m
	}
	return m
}

// slice is one run for one account.
type slice struct {
	*Planner
	acc   *callbackd.Account
	m     *memory
	until time.Time // no new page after it
	wake  time.Time // when something that stays due can go on; zero: nothing
}

// over reports whether the slice's time has passed.
func (s *slice) over() bool { return !s.now().Before(s.until) }

// wakeAt makes the next slice begin at t at the latest.
func (s *slice) wakeAt(t time.Time) {
	if s.wake.IsZero() || t.Before(s.wake) {
		s.wake = t
	}
}

// run finds identities first, which serve many for one page, then reads cards.
func (s *slice) run(ctx context.Context) error {
	if err := s.identify(ctx); err != nil {
		return err
	}
	return s.readProfiles(ctx)
}

// verdict says when the next slice is due.
func (s *slice) verdict(ctx context.Context, err error) error {
	var human *mpweb.NeedsHumanError
	var quiet *mpweb.FrequencyError
	switch {
	case errors.As(err, &human):
		return s.m.beDeaf(s.now(), callbackd.Snooze(humanPause, "the operator login needs a human"))
	case errors.As(err, &quiet):
		return s.m.beDeaf(s.now(), callbackd.Snooze(max(quiet.After, time.Second), "the operator pages ask for quiet"))
	case err != nil:
		return err
	}
	due, some, err := s.db.NextSearchDue(ctx, s.acc.ID)
	if err != nil {
		return fmt.Errorf("look for the next search: %w", err)
	}
	if !some {
		return nil
	}
	now := s.now()
	if !due.After(now) { // stays due: its time is in wake, or the slice was too short
		due = now
		if s.wake.After(now) {
			due = s.wake
		}
	} else if !s.wake.IsZero() && s.wake.Before(due) {
		due = s.wake
	}
	return callbackd.Snooze(min(max(due.Sub(now), betweenSlices), longestSnooze), "senders wait for their next search")
}
