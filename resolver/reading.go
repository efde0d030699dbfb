package resolver

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"callbackd/internal/match"
	"callbackd/mpweb"
)

const (
	pageCount  = 100 // lines of one message page
	maxPages   = 25  // of one reading: it must not hold the session for long
	gapReading = 1500 * time.Millisecond
	gapSweep   = 6 * time.Second
)

// wish is what a reading of the message page is for.
type wish struct {
	newest bool     // somebody's line may have been listed since the last reading
	back   int64    // read back continuously below this time; math.MaxInt64: nobody needs that
	ids    []uint64 // entries to look at, newest first
}

// read reads the message page as far as a wish goes.
func (s *slice) read(ctx context.Context, w wish) error {
	pages := 0
	oldest := uint64(math.MaxUint64)
	if w.newest || w.back < math.MaxInt64 {
		var err error
		if oldest, pages, err = s.readNewest(ctx, w.back); err != nil {
			return err
		}
	}
	for _, id := range w.ids {
		if id >= oldest || pages >= maxPages || s.over() {
			continue
		}
		began := s.now()
		page, err := s.page(ctx, id)
		if err != nil {
			return err
		}
		pages++
		oldest = id
		for _, e := range page {
			oldest = min(oldest, e.ID)
		}
		s.m.stretch = append(s.m.stretch, stretch{at: began, from: id, to: oldest})
	}
	return nil
}

// readNewest is one continuous reading from the newest line back below a time,
// and returns the oldest id that it came to; 0 where there is nothing older.
func (s *slice) readNewest(ctx context.Context, back int64) (to uint64, pages int, err error) {
	began := s.now()
	var lines []mpweb.Entry
	all := false
	from := uint64(0)
	oldest := uint64(math.MaxUint64)
	for {
		page, err := s.page(ctx, from)
		if err != nil {
			return 0, pages, err
		}
		pages++
		lines = append(lines, page...)
		before, earliest := oldest, int64(math.MaxInt64)
		for _, e := range page {
			oldest, earliest = min(oldest, e.ID), min(earliest, e.Time)
		}
		if all = oldest == before; all || back == math.MaxInt64 || earliest < back || pages >= maxPages {
			break
		}
		from = oldest // it exists, so the page begins with it, and nothing is left out
	}
	s.m.readAt = began
	sweep := match.NewSweep(began, ListedOf(lines), all)
	if back < math.MaxInt64 {
		s.m.sweptAt = began
		if !all && sweep.Oldest >= back { // cut short: older messages wait for the sender's next one
			s.m.floor = max(s.m.floor, sweep.Oldest+int64(match.DefaultWindow.Before/time.Second))
		}
	}
	to = oldest
	if all {
		to = 0
	}
	s.m.stretch = append(s.m.stretch, stretch{at: began, from: math.MaxUint64, to: to})
	s.m.sweeps = withoutDominated(append(s.m.sweeps, sweep))
	return to, pages, nil
}

// page reads one message page and remembers its lines.
func (s *slice) page(ctx context.Context, from uint64) ([]mpweb.Entry, error) {
	page, err := s.pages.MessagePage(ctx, s.acc, mpweb.PageQuery{Count: pageCount, FromID: from})
	if err != nil {
		return nil, fmt.Errorf("read the message page: %w", err)
	}
	s.m.pagedAt = s.now()
	page = slices.DeleteFunc(page, func(e mpweb.Entry) bool { return e.Own })
	for _, e := range page {
		s.m.lines[e.ID] = e
	}
	return page, nil
}
