package resolver

import (
	"math"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
	"callbackd/store"
)

var then = time.Unix(1_400_000_000, 0)

func newMemory() *memory {
	return &memory{lines: map[uint64]mpweb.Entry{}, alone: map[callbackd.FakeID]time.Time{}}
}

// A sweep whose lines were dropped must not vouch for them: the only candidate
// that is left may be somebody else's.
func TestMemory_SweepsDoNotVouchForLinesThatWereDropped(t *testing.T) {
	m := newMemory()
	old := then.Add(-lineLife - time.Second).Unix()
	m.lines[1] = mpweb.Entry{ID: 1, Time: old}
	m.lines[2] = mpweb.Entry{ID: 2, Time: then.Unix()}
	m.sweeps = []match.Sweep{{At: then.Add(-time.Minute), Oldest: old, All: true}}
	push := match.Push{Time: old, ReceivedAt: then.Add(-lineLife)}
	if !m.sweeps[0].Covers(push, match.DefaultWindow) {
		t.Fatal("the sweep covers nothing even before")
	}
	m.forget(then)
	if len(m.lines) != 1 || len(m.sweeps) != 1 {
		t.Fatalf("%d lines, %d sweeps", len(m.lines), len(m.sweeps))
	}
	if m.sweeps[0].Covers(push, match.DefaultWindow) {
		t.Error("the sweep still covers a line that is gone")
	}
	if late := (match.Push{Time: then.Unix(), ReceivedAt: then.Add(-2 * time.Minute)}); !m.sweeps[0].Covers(late, match.DefaultWindow) {
		t.Error("the sweep covers nothing any more")
	}
}

func TestMemory_LinesAreBounded(t *testing.T) {
	m := newMemory()
	for n := range maxLines + 500 {
		m.lines[uint64(n+1)] = mpweb.Entry{ID: uint64(n + 1), Time: then.Unix() - int64(n)/10}
	}
	m.sweeps = []match.Sweep{{At: then, Oldest: then.Unix() - 10_000, All: true}}
	m.forget(then)
	if n := len(m.lines); n > maxLines || n < maxLines-10 {
		t.Errorf("%d lines", n)
	}
	oldest := int64(math.MaxInt64)
	for _, e := range m.lines {
		oldest = min(oldest, e.Time)
	}
	if m.sweeps[0].All || m.sweeps[0].Oldest > oldest {
		t.Errorf("sweep %+v, oldest line %d", m.sweeps[0], oldest)
	}
}

func TestMemory_LookedNeedsALateEnoughReadingOverTheID(t *testing.T) {
	m := newMemory()
	m.stretch = []stretch{{at: then, from: 100, to: 50}}
	for name, tc := range map[string]struct {
		id   uint64
		ago  time.Duration
		want bool
	}{
		"settled":     {70, match.Settle, true},
		"too early":   {70, match.Settle - time.Second, false},
		"below":       {49, time.Minute, false},
		"above":       {101, time.Minute, false},
		"its newest":  {100, time.Minute, true},
		"its deepest": {50, time.Minute, true},
	} {
		if got := m.looked(tc.id, then.Add(-tc.ago)); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWithoutDominated(t *testing.T) {
	sweep := func(s int, oldest int64, all bool) match.Sweep {
		return match.Sweep{At: then.Add(time.Duration(s) * time.Second), Oldest: oldest, All: all}
	}
	got := withoutDominated([]match.Sweep{sweep(0, 10, false), sweep(1, 50, true), sweep(2, 40, false), sweep(3, 30, false), sweep(4, 60, false)})
	want := []match.Sweep{sweep(1, 50, true), sweep(3, 30, false), sweep(4, 60, false)}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestLeftOf_TooManyCandidatesSayNothing(t *testing.T) {
	w := &seeking{Seeker: store.Seeker{ID: 1, Candidates: []callbackd.FakeID{"1", "2"}}}
	for n, want := range map[int]int{2: 2, maxCandidates: maxCandidates, maxCandidates + 1: 0} {
		q := &search{candidates: map[callbackd.SenderID][]callbackd.FakeID{1: make([]callbackd.FakeID, n)}}
		if got := q.leftOf(nil, w); len(got) != want {
			t.Errorf("%d of %d are kept", len(got), n)
		}
	}
}
