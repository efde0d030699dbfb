package match_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
)

var crowds = []struct {
	name string
	o    crowdOptions
}{
	{"calm", crowdOptions{people: 4, messages: 8, seconds: 60, words: 5, maxSkew: 10, delay: 5 * time.Second, media: 0.3}},
	{"crowded second", crowdOptions{people: 4, messages: 7, seconds: 3, words: 3, maxSkew: 10, delay: 5 * time.Second, media: 0.3}},
	{"known among them", crowdOptions{people: 6, messages: 9, seconds: 12, words: 3, maxSkew: 10, delay: 5 * time.Second, media: 0.3, known: 0.5}},
	{"lost pushes", crowdOptions{people: 4, messages: 9, seconds: 20, words: 2, maxSkew: 10, delay: 5 * time.Second, media: 0.3, lost: 0.3}},
	{"one word", crowdOptions{people: 3, messages: 7, seconds: 15, words: 1, maxSkew: 10, delay: 5 * time.Second}},
	{"our clock is wrong", crowdOptions{people: 4, messages: 8, seconds: 20, words: 3, maxSkew: 10, delay: 5 * time.Second, media: 0.3, clockOff: -7 * time.Minute}},
	{"shallow reading", crowdOptions{people: 4, messages: 9, seconds: 60, words: 3, maxSkew: 10, delay: 5 * time.Second, media: 0.3, shallow: true}},
}

// The property of the package: never a wrong person or entry, nothing decided
// that all assignments leave open, and little left open that they decide.
func TestSolve_AgainstAllAssignmentsOfSmallCrowds(t *testing.T) {
	for _, tc := range crowds {
		t.Run(tc.name, func(t *testing.T) {
			var decidable, decided, entries, told int
			for seed := range uint64(800) {
				c := newCrowd(rand.New(rand.NewPCG(seed, 7)), tc.o)
				s := match.Solve(c.problem)
				checkTruth(t, seed, c, s)
				o, ok := newOracle(c.problem)
				if !ok {
					continue
				}
				if len(o.pushes) > 0 && !o.found {
					t.Fatalf("seed %d: the crowd's own truth is not consistent", seed)
				}
				for sender, fakes := range o.fakes {
					if _, known := c.problem.Known[sender]; known || len(fakes) != 1 {
						continue
					}
					decidable++
					if _, ok := s.Decided[sender]; ok {
						decided++
					}
				}
				for sender := range s.Decided {
					if len(o.fakes[sender]) != 1 {
						t.Fatalf("seed %d: sender %d decided, %d are consistent", seed, sender, len(o.fakes[sender]))
					}
				}
				e, n := checkEntries(t, seed, c, s, o)
				entries, told = entries+e, told+n
			}
			if decidable < 200 {
				t.Fatalf("only %d decidable senders: the crowd shows nothing", decidable)
			}
			t.Logf("senders %d of %d (%.2f %%), entries %d of %d", decided, decidable, 100*float64(decided)/float64(decidable), told, entries)
			if decided != decidable {
				t.Errorf("decided %d of %d senders whose evidence decides", decided, decidable)
			}
			if 1000*told < 999*entries {
				t.Errorf("told %d of %d entries that the evidence decides", told, entries)
			}
		})
	}
}

// checkTruth holds a solution against what really happened.
func checkTruth(t *testing.T, seed uint64, c crowd, s match.Solution) {
	t.Helper()
	for sender, f := range s.Decided {
		if c.fake[sender] != f {
			t.Fatalf("seed %d: wrong person for sender %d", seed, sender)
		}
	}
	for sender, fs := range s.Candidates {
		in := false
		for _, f := range fs {
			in = in || f == c.fake[sender]
		}
		if !in {
			t.Fatalf("seed %d: the candidates of sender %d do not hold its person", seed, sender)
		}
	}
	for i, e := range s.Entry {
		if e >= 0 && c.problem.Entries[e].ID != c.entryOf[c.problem.Pushes[i].Message] {
			t.Fatalf("seed %d: wrong entry for push %d", seed, i)
		}
	}
}

// checkEntries compares what is told of single entries.
func checkEntries(t *testing.T, seed uint64, c crowd, s match.Solution, o *oracle) (decidable, told int) {
	t.Helper()
	for i, p := range c.problem.Pushes {
		one := len(o.ids[p.Message]) == 1
		if one {
			decidable++
		}
		if s.Entry[i] >= 0 {
			told++
			if !one {
				t.Fatalf("seed %d: entry of push %d told, %d are consistent", seed, i, len(o.ids[p.Message]))
			}
		}
	}
	return decidable, told
}

// text is a push that a reading at readAt covers.
func text(id callbackd.MessageID, s callbackd.SenderID, at int64, words string) match.Push {
	return match.Push{Message: id, Sender: s, Time: at, MsgID: uint64(id), Kind: callbackd.KindText, Text: words, ReceivedAt: time.Unix(at, 0)}
}

func entry(id uint64, f callbackd.FakeID, at int64, words string) match.Entry {
	return match.Entry{ID: id, FakeID: f, Kind: callbackd.KindText, Time: at, Text: words}
}

// problem reads everything long after all pushes came.
func problem(pushes []match.Push, entries []match.Entry) match.Problem {
	return match.Problem{
		Pushes: pushes, Entries: entries, Window: match.DefaultWindow, Slack: match.DefaultSlack,
		Sweeps: []match.Sweep{match.NewSweep(time.Unix(crowdStart+1000, 0), entries, true)},
	}
}

func TestSolve_TwoCandidatesAreNoMatch(t *testing.T) {
	s := match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart, "你好"), text(2, 2, crowdStart, "你好")},
		[]match.Entry{entry(10, "1001", crowdStart+1, "你好"), entry(11, "1002", crowdStart+1, "你好")},
	))
	if len(s.Decided) != 0 || len(s.Candidates[1]) != 2 || len(s.Candidates[2]) != 2 {
		t.Fatalf("equal words in one second were told apart: %v", s.Decided)
	}
}

func TestSolve_EqualWordsInOneSecondWithOneEntryStillDelayed(t *testing.T) {
	p := problem(
		[]match.Push{text(1, 1, crowdStart, "你好"), text(2, 2, crowdStart, "你好")},
		[]match.Entry{entry(11, "1002", crowdStart+1, "你好")}, // 1001's is not listed yet
	)
	for _, late := range []time.Duration{0, time.Second, 5 * time.Second} {
		p.Sweeps = []match.Sweep{match.NewSweep(time.Unix(crowdStart, 0).Add(late), p.Entries, true)}
		if s := match.Solve(p); len(s.Decided) != 0 || len(s.Candidates) != 0 {
			t.Errorf("read %s after the pushes: decided %v", late, s.Decided)
		}
	}
	p.Pushes = p.Pushes[:1] // and even when the other's push was lost
	p.Sweeps = []match.Sweep{match.NewSweep(time.Unix(crowdStart+5, 0), p.Entries, true)}
	if s := match.Solve(p); len(s.Decided) != 0 {
		t.Errorf("decided %v while its own entry may be missing", s.Decided)
	}
}

func TestSolve_TheNextMessageNarrows(t *testing.T) {
	s := match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart, "你好"), text(2, 2, crowdStart, "你好"), text(3, 1, crowdStart+60, "再见")},
		[]match.Entry{
			entry(10, "1001", crowdStart+1, "你好"), entry(11, "1002", crowdStart+1, "你好"),
			entry(12, "1002", crowdStart+61, "再见"),
		},
	))
	want := map[callbackd.SenderID]callbackd.FakeID{1: "1002", 2: "1001"} // 2 by elimination
	if fmt.Sprint(s.Decided) != fmt.Sprint(want) {
		t.Errorf("decided %v, want %v", s.Decided, want)
	}
}

func TestSolve_OrderDecidesBeyondTheSlack(t *testing.T) {
	for gap, want := range map[int64]int{1: 0, 2: 2} {
		s := match.Solve(problem(
			[]match.Push{text(1, 1, crowdStart, "好"), text(2, 2, crowdStart+gap, "好")},
			[]match.Entry{entry(10, "1001", crowdStart+5, "好"), entry(11, "1002", crowdStart+3, "好")},
		))
		if len(s.Decided) != want {
			t.Errorf("%d s apart: decided %v", gap, s.Decided)
		}
		if want == 2 && (s.Decided[1] != "1001" || !s.Ordered) {
			t.Errorf("order gave %v", s.Decided)
		}
	}
}

func TestSolve_IdsThatContradictTheOrderOfTimesAreNotUsed(t *testing.T) {
	s := match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart, "甲"), text(2, 2, crowdStart+4, "乙"), text(3, 3, crowdStart, "好"), text(4, 4, crowdStart+4, "好")},
		[]match.Entry{ // 乙 has the lower id, so ids say nothing about time here
			entry(20, "1001", crowdStart, "甲"), entry(10, "1002", crowdStart+4, "乙"),
			entry(30, "1003", crowdStart, "好"), entry(31, "1004", crowdStart+4, "好"),
		},
	))
	if s.Ordered || s.Decided[1] != "1001" || s.Decided[2] != "1002" {
		t.Errorf("ordered %v, decided %v", s.Ordered, s.Decided)
	}
	if len(s.Candidates[3]) != 2 || len(s.Candidates[4]) != 2 {
		t.Errorf("decided by an order that does not hold: %v", s.Decided)
	}
}

func TestSolve_KnownPeopleAreNobodyElse(t *testing.T) {
	p := problem(
		[]match.Push{text(1, 1, crowdStart, "好")},
		[]match.Entry{entry(10, "1001", crowdStart, "好"), entry(11, "1002", crowdStart, "好")},
	)
	p.Known = map[callbackd.SenderID]callbackd.FakeID{99: "1001"} // said it too; the push was lost
	if s := match.Solve(p); s.Decided[1] != "1002" {
		t.Errorf("decided %v", s.Decided)
	}
}

func TestSolve_PriorEvidenceNarrows(t *testing.T) {
	p := problem(
		[]match.Push{text(1, 1, crowdStart, "好")},
		[]match.Entry{entry(10, "1001", crowdStart, "好"), entry(11, "1002", crowdStart, "好")},
	)
	p.Prior = map[callbackd.SenderID][]callbackd.FakeID{1: {"1002", "1003"}}
	if s := match.Solve(p); s.Decided[1] != "1002" {
		t.Errorf("decided %v", s.Decided)
	}
}

func TestSolve_ContradictionDecidesNobody(t *testing.T) {
	// Two covered pushes, one entry: one of them was taken from the page.
	s := match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart, "好"), text(2, 2, crowdStart, "好")},
		[]match.Entry{entry(10, "1001", crowdStart, "好")},
	))
	if len(s.Decided) != 0 || len(s.Void) != 2 {
		t.Errorf("decided %v, void %v", s.Decided, s.Void)
	}
	// A sender one of whose two messages is nowhere may be filtered from the page
	// altogether: the other message's only candidate is not trusted.
	s = match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart, "好"), text(2, 1, crowdStart+30, "别的")},
		[]match.Entry{entry(10, "1001", crowdStart, "好")},
	))
	if len(s.Decided) != 0 {
		t.Errorf("decided %v although a message of the sender is nowhere", s.Decided)
	}
	// However long ago that was, as long as it is half of what the sender said.
	s = match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart-3600, "好"), text(2, 1, crowdStart, "别的")},
		[]match.Entry{entry(10, "1001", crowdStart-3600, "好")},
	))
	if len(s.Decided) != 0 {
		t.Errorf("decided %v although half of what the sender said is nowhere", s.Decided)
	}
	s = match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart-3600, "好"), text(2, 1, crowdStart-3000, "好"), text(3, 1, crowdStart, "别的"), text(4, 1, crowdStart+60, "别的")},
		[]match.Entry{entry(10, "1001", crowdStart-3600, "好"), entry(11, "1001", crowdStart-3000, "好")},
	))
	if len(s.Decided) != 0 {
		t.Errorf("decided %v although two of the sender's four messages are nowhere", s.Decided)
	}
	s = match.Solve(problem(
		[]match.Push{text(1, 1, crowdStart-7200, "好"), text(3, 1, crowdStart-3600, "好"), text(2, 1, crowdStart, "别的")},
		[]match.Entry{entry(10, "1001", crowdStart-7200, "好"), entry(11, "1001", crowdStart-3600, "好")},
	))
	if s.Decided[1] != "1001" {
		t.Error("two that agree do not outweigh one that is nowhere")
	}
}

func TestSolve_ARepeatOfThePlatformIsOnePush(t *testing.T) {
	p := text(1, 1, crowdStart, "好")
	again := p
	again.ReceivedAt = p.ReceivedAt.Add(5 * time.Second)
	s := match.Solve(problem([]match.Push{p, again}, []match.Entry{entry(10, "1001", crowdStart, "好")}))
	if s.Decided[1] != "1001" || s.Entry[0] != 0 || s.Entry[1] != 0 {
		t.Errorf("decided %v, entries %v", s.Decided, s.Entry)
	}
}

func TestSolve_ALineReadOnTwoPagesIsOneEntry(t *testing.T) {
	e := entry(10, "1001", crowdStart, "好")
	s := match.Solve(problem([]match.Push{text(1, 1, crowdStart, "好")}, []match.Entry{e, e}))
	if s.Decided[1] != "1001" {
		t.Errorf("decided %v", s.Decided)
	}
}
