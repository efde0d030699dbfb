package match_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
)

func voice(id callbackd.MessageID, at int64) match.Push {
	return match.Push{Message: id, Sender: 1, Time: at, MsgID: uint64(at) << 32, Kind: callbackd.KindVoice, ReceivedAt: time.Unix(at, 0)}
}

func voiceLine(id uint64, at int64) match.Entry {
	return match.Entry{ID: id, FakeID: "1001", Kind: callbackd.KindVoice, Time: at}
}

func readLater(entries []match.Entry) match.Sweep {
	return match.NewSweep(time.Unix(crowdStart+1000, 0), entries, true)
}

func TestAssignMedia_InOrderOfTime(t *testing.T) {
	lines := []match.Entry{voiceLine(12, crowdStart+3), voiceLine(10, crowdStart+5)} // page times stand against the ids
	got := match.AssignMedia([]match.Push{voice(1, crowdStart), voice(2, crowdStart+1)}, lines, readLater(lines))
	if got[1].ID != 10 || got[2].ID != 12 {
		t.Errorf("got %v", got)
	}
}

func TestAssignMedia_TwoInOneSecondWait(t *testing.T) {
	lines := []match.Entry{voiceLine(10, crowdStart), voiceLine(11, crowdStart), voiceLine(12, crowdStart+60)}
	got := match.AssignMedia([]match.Push{voice(1, crowdStart), voice(2, crowdStart), voice(3, crowdStart+60)}, lines, readLater(lines))
	if len(got) != 1 || got[3].ID != 12 {
		t.Errorf("got %v", got)
	}
}

func TestAssignMedia_OneLineTooManyWaits(t *testing.T) {
	lines := []match.Entry{voiceLine(10, crowdStart), voiceLine(11, crowdStart+1)} // one push was lost: which?
	if got := match.AssignMedia([]match.Push{voice(1, crowdStart)}, lines, readLater(lines)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestAssignMedia_OneLineNotListedYet(t *testing.T) {
	lines := []match.Entry{voiceLine(11, crowdStart+2)}
	pushes := []match.Push{voice(1, crowdStart), voice(2, crowdStart+1)}
	if got := match.AssignMedia(pushes, lines, match.NewSweep(time.Unix(crowdStart+3, 0), lines, true)); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := match.AssignMedia(pushes, lines, readLater(lines)); len(got) != 0 {
		t.Errorf("two pushes, one line for ever: got %v", got)
	}
}

func TestAssignMedia_ExactIDFirst(t *testing.T) {
	exact := voice(1, crowdStart)
	exact.MsgID |= 10
	lines := []match.Entry{voiceLine(10, crowdStart), voiceLine(11, crowdStart)}
	// The id tells the first at once, however early the dialog was read; the
	// second (recognised, without id) once its line must be there: the other one.
	now := match.NewSweep(time.Unix(crowdStart+1, 0), lines, true)
	if got := match.AssignMedia([]match.Push{exact, voice(2, crowdStart)}, lines, now); len(got) != 1 || got[1].ID != 10 {
		t.Errorf("early: got %v", got)
	}
	if got := match.AssignMedia([]match.Push{exact, voice(2, crowdStart)}, lines, readLater(lines)); got[1].ID != 10 || got[2].ID != 11 {
		t.Errorf("later: got %v", got)
	}
	// Where ids hold, a push whose id is not listed has no line yet.
	other := voice(2, crowdStart)
	other.MsgID |= 12
	if got := match.AssignMedia([]match.Push{exact, other}, lines, readLater(lines)); len(got) != 1 {
		t.Errorf("another line than the id's was taken: got %v", got)
	}
	// An id is no proof when time disagrees.
	far := voice(3, crowdStart)
	far.MsgID |= 13
	lines = []match.Entry{voiceLine(13, crowdStart+600), voiceLine(14, crowdStart+2)}
	if got := match.AssignMedia([]match.Push{far}, lines, readLater(lines)); got[3].ID != 14 {
		t.Errorf("time disagrees with the id: got %v", got)
	}
}

func TestAssignMedia_AgainstAllAssignments(t *testing.T) {
	o := crowdOptions{people: 1, messages: 6, seconds: 20, words: 2, maxSkew: 10, delay: 5 * time.Second, media: 0.7, known: 1, lost: 0.1}
	told := 0
	for seed := range uint64(3000) {
		c := newCrowd(rand.New(rand.NewPCG(seed, 3)), o)
		got := match.AssignMedia(c.problem.Pushes, c.problem.Entries, c.problem.Sweeps[0])
		brute, ok := newOracle(c.problem)
		if !ok {
			continue
		}
		for m, e := range got {
			if e.ID != c.entryOf[m] {
				t.Fatalf("seed %d: wrong line for message %d", seed, m)
			}
		}
		for m, ids := range brute.ids {
			if _, ok := got[m]; ok != (len(ids) == 1) {
				t.Fatalf("seed %d: message %d told: %v, possible lines: %d", seed, m, ok, len(ids))
			}
		}
		told += len(got)
	}
	if told < 1000 {
		t.Errorf("only %d told", told)
	}
}
