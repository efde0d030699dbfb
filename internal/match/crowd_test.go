package match_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"callbackd"
	"callbackd/internal/match"
)

// A crowd is a small synthetic account with its truth: who sent what, what of it
// was pushed to us, and what a reading of the message page shows.
type crowd struct {
	problem match.Problem
	fake    map[callbackd.SenderID]callbackd.FakeID // the truth
	entryOf map[callbackd.MessageID]uint64          // the truth, also of entries that are not listed
}

// crowdOptions are the difficulties of a crowd.
type crowdOptions struct {
	people, messages, seconds, words int
	maxSkew                          int64 // −2…maxSkew
	delay                            time.Duration
	lost                             float64 // pushes that never reach us
	known                            float64 // people who are known already
	media                            float64 // voices and pictures
	clockOff                         time.Duration
	shallow                          bool // the reading may stop before the oldest entry
}

const crowdStart = 1400000000

// newCrowd draws a crowd. The platform's clock and ours differ by clockOff.
func newCrowd(r *rand.Rand, o crowdOptions) crowd {
	c := crowd{fake: map[callbackd.SenderID]callbackd.FakeID{}, entryOf: map[callbackd.MessageID]uint64{}}
	c.problem = match.Problem{
		Known: map[callbackd.SenderID]callbackd.FakeID{}, Window: match.DefaultWindow, Slack: match.DefaultSlack,
	}
	names := r.Perm(900)
	for i := range o.people {
		s := callbackd.SenderID(i + 1)
		c.fake[s] = callbackd.FakeID(fmt.Sprint(844700000 + names[i]))
		if r.Float64() < o.known {
			c.problem.Known[s] = c.fake[s]
		}
	}
	sent := make([]int64, o.messages) // ms of the platform's clock
	for i := range sent {
		sent[i] = crowdStart*1000 + r.Int64N(int64(o.seconds)*1000)
	}
	sortInts(sent)
	readAt := crowdStart*1000 + r.Int64N(int64(o.seconds)*1000+20000) // platform ms of the reading
	ours := func(ms int64) time.Time { return time.UnixMilli(ms).Add(o.clockOff) }
	id := uint64(200 + r.IntN(50))
	var listed []match.Entry
	for i, at := range sent {
		id += uint64(1 + r.IntN(3))
		s := callbackd.SenderID(1 + r.IntN(o.people))
		kind, text := callbackd.KindText, fmt.Sprintf("词%d", r.IntN(o.words))
		if r.Float64() < o.media {
			kind, text = callbackd.KindVoice, ""
			if r.IntN(2) == 0 {
				kind = callbackd.KindImage
			}
		}
		c.entryOf[callbackd.MessageID(i+1)] = id
		push := match.Push{
			Message: callbackd.MessageID(i + 1), Sender: s, Time: at / 1000, MsgID: r.Uint64(), Kind: kind, Text: text,
			ReceivedAt: ours(at + r.Int64N(3000)),
		}
		if r.Float64() >= o.lost && !push.ReceivedAt.After(ours(readAt)) {
			c.problem.Pushes = append(c.problem.Pushes, push)
		}
		if at+r.Int64N(o.delay.Milliseconds()+1) <= readAt {
			listed = append(listed, match.Entry{ID: id, FakeID: c.fake[s], Kind: kind, Text: text,
				Time: at/1000 - 2 + r.Int64N(o.maxSkew+3)})
		}
	}
	all := true
	if o.shallow && len(listed) > 1 && r.IntN(2) == 0 {
		listed, all = listed[r.IntN(len(listed)):], false
	}
	c.problem.Entries = listed
	c.problem.Sweeps = []match.Sweep{match.NewSweep(ours(readAt), listed, all)}
	r.Shuffle(len(c.problem.Pushes), func(i, j int) {
		c.problem.Pushes[i], c.problem.Pushes[j] = c.problem.Pushes[j], c.problem.Pushes[i]
	})
	r.Shuffle(len(listed), func(i, j int) { listed[i], listed[j] = listed[j], listed[i] })
	return c
}

func sortInts(v []int64) {
	for i := range v {
		for j := i; j > 0 && v[j] < v[j-1]; j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
}

// oracle tries all assignments of covered pushes to entries and collects what
// occurs in the consistent ones. It shares no code with the solver and knows
// the rules from the package comment alone.
type oracle struct {
	p      match.Problem
	pushes []match.Push // covered ones
	used   map[uint64]bool
	taken  []match.Entry
	fakes  map[callbackd.SenderID]map[callbackd.FakeID]bool
	ids    map[callbackd.MessageID]map[uint64]bool
	steps  int
	found  bool
}

const oracleSteps = 400000

// newOracle solves by brute force; ok is false where that would take too long.
func newOracle(p match.Problem) (o *oracle, ok bool) {
	o = &oracle{p: p, used: map[uint64]bool{}, fakes: map[callbackd.SenderID]map[callbackd.FakeID]bool{}, ids: map[callbackd.MessageID]map[uint64]bool{}}
	s := p.Sweeps[0]
	for _, q := range p.Pushes {
		if s.At.Sub(q.ReceivedAt) >= 6*time.Second && (s.All || len(p.Entries) > 0 && q.Time > s.Oldest+5) {
			o.pushes = append(o.pushes, q)
		}
	}
	o.taken = make([]match.Entry, len(o.pushes))
	o.try(0)
	return o, o.steps < oracleSteps
}

func (o *oracle) try(i int) {
	if o.steps++; o.steps >= oracleSteps {
		return
	}
	if i == len(o.pushes) {
		o.found = true
		for k, q := range o.pushes {
			note(o.fakes, q.Sender, o.taken[k].FakeID)
			note(o.ids, q.Message, o.taken[k].ID)
		}
		return
	}
	for _, e := range o.p.Entries {
		if o.fits(i, e) {
			o.used[e.ID] = true
			o.taken[i] = e
			o.try(i + 1)
			o.used[e.ID] = false
		}
	}
}

func note[K, V comparable](m map[K]map[V]bool, k K, v V) {
	if m[k] == nil {
		m[k] = map[V]bool{}
	}
	m[k][v] = true
}

func (o *oracle) fits(i int, e match.Entry) bool {
	q := o.pushes[i]
	if o.used[e.ID] || e.Kind != q.Kind || e.Text != q.Text || e.Time < q.Time-5 || e.Time > q.Time+15 {
		return false
	}
	for s, f := range o.p.Known {
		if (s == q.Sender) != (f == e.FakeID) {
			return false
		}
	}
	for k := range i {
		other, its := o.pushes[k], o.taken[k]
		if (other.Sender == q.Sender) != (its.FakeID == e.FakeID) {
			return false
		}
		slack := int64(1)
		if other.Sender == q.Sender {
			slack = 0
		}
		if other.Time+slack < q.Time && its.ID > e.ID || q.Time+slack < other.Time && its.ID < e.ID {
			return false
		}
	}
	return true
}
