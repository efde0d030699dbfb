package resolver

import (
	"sort"
	"sync"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
)

const (
	maxLines  = 2000             // of the message page, that are remembered
	lineLife  = 10 * time.Minute // by the page's time
	maxPushed = 4000             // messages of ours that are compared with them
	maxEach   = 20               // of one sender that are looked at in one slice
)

// memory is what the planner remembers of one account between two slices.
type memory struct {
	mu sync.Mutex // held for a whole slice

	lines    map[uint64]mpweb.Entry // of the message page, by id
	sweeps   []match.Sweep          // continuous readings from the newest line
	stretch  []stretch              // every reading
	from     callbackd.MessageID    // messages of ours from here on belong to the lines
	readAt   time.Time              // when the newest part of the message page was read last
	pagedAt  time.Time              // when any part of it came last
	sweptAt  time.Time              // when it was last read back to everybody who waits
	listedAt time.Time              // when the newest contacts were read last

	floor     int64                          // unix seconds by the page: no reading goes back below; 0: none was cut short
	alone     map[callbackd.FakeID]time.Time // cards that are not to be read before
	deafUntil time.Time                      // the session can do nothing before
	deafWith  error
}

// stretch is what one reading of the message page went over, by ids.
type stretch struct {
	at       time.Time // our clock before its first page was asked for
	from, to uint64    // newest and oldest id, both read; from is the greatest number where it began at the newest line
}

// looked reports whether an entry must have been seen if it exists: some
// reading that began long enough after the push went over its id.
func (m *memory) looked(id uint64, received time.Time) bool {
	for _, r := range m.stretch {
		if r.at.Sub(received) >= match.Settle && id >= r.to && id <= r.from {
			return true
		}
	}
	return false
}

// leaveAlone keeps a card that cannot be read from being read over and over.
func (m *memory) leaveAlone(f callbackd.FakeID, until time.Time) { m.alone[f] = until }

func (m *memory) leftAlone(f callbackd.FakeID, now time.Time) bool { return m.alone[f].After(now) }

func (m *memory) beDeaf(now time.Time, with error) error {
	m.deafUntil, m.deafWith = now.Add(deafFor), with
	return with
}

// evidence is what the lines say, without Pushes, Known and Prior.
func (m *memory) evidence() Evidence {
	lines := make([]mpweb.Entry, 0, len(m.lines))
	for _, e := range m.lines {
		lines = append(lines, e)
	}
	sort.Slice(lines, func(a, b int) bool { return lines[a].ID > lines[b].ID })
	return Evidence{Listed: ListedOf(lines), Sweeps: m.sweeps}
}

// nickname returns what the message page calls a person.
func (m *memory) nickname(f callbackd.FakeID) string {
	newest, name := uint64(0), ""
	for id, e := range m.lines {
		if e.FakeID == f && id > newest && e.Nickname != "" {
			newest, name = id, e.Nickname
		}
	}
	return name
}

// forget drops lines that are old or too many, and what the sweeps said of them.
func (m *memory) forget(now time.Time) {
	cutoff := now.Add(-lineLife).Unix()
	if len(m.lines) > maxLines {
		times := make([]int64, 0, len(m.lines))
		for _, e := range m.lines {
			times = append(times, e.Time)
		}
		sort.Slice(times, func(a, b int) bool { return times[a] > times[b] })
		cutoff = max(cutoff, times[maxLines]+1)
	}
	dropped := false
	for id, e := range m.lines {
		if e.Time < cutoff {
			delete(m.lines, id)
			dropped = true
		}
	}
	var sweeps []match.Sweep
	for _, s := range m.sweeps {
		if dropped {
			s.Oldest, s.All = max(s.Oldest, cutoff), false
		}
		if now.Sub(s.At) < lineLife {
			sweeps = append(sweeps, s)
		}
	}
	m.sweeps = withoutDominated(sweeps)
	var kept []stretch
	for _, r := range m.stretch {
		if now.Sub(r.at) < lineLife {
			kept = append(kept, r)
		}
	}
	m.stretch = kept
	for f, until := range m.alone {
		if !until.After(now) {
			delete(m.alone, f)
		}
	}
}

// withoutDominated drops sweeps that a later one went at least as deep as.
func withoutDominated(sweeps []match.Sweep) []match.Sweep {
	var out []match.Sweep
	for i, s := range sweeps {
		deeper := false
		for _, later := range sweeps[i+1:] {
			deeper = deeper || !later.At.Before(s.At) && (later.All || !s.All && later.Oldest <= s.Oldest)
		}
		if !deeper {
			out = append(out, s)
		}
	}
	return out
}
