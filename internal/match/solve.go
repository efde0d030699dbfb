package match

import (
	"sort"

	"callbackd"
)

// Problem is the evidence of one account, or of one person's dialog.
type Problem struct {
	Pushes  []Push
	Entries []Entry
	// Sweeps are the readings that brought Entries. Only pushes that one of them
	// covers, or that are pinned, are evidence: where its own entry may be
	// missing, somebody else's could look like the only one.
	Sweeps []Sweep
	// Pins tell the entry of a push, both as indexes, where an id tells it.
	Pins map[int]int

	// Known senders. Their FakeIDs are nobody else's.
	Known map[callbackd.SenderID]callbackd.FakeID
	// Prior holds what earlier evidence left of a sender's possible FakeIDs.
	Prior map[callbackd.SenderID][]callbackd.FakeID

	Window Window
	Slack  int64 // seconds, between different senders
}

// Solution is what is left of a Problem after everything that is inconsistent
// was removed.
type Solution struct {
	// Entry holds for each push the index of its entry in Problem.Entries; -1
	// where more than one is possible or the push was put aside.
	Entry []int
	// Candidates of each sender that is not known: its FakeID is among them. A
	// sender without usable evidence is absent.
	Candidates map[callbackd.SenderID][]callbackd.FakeID
	// Decided are the senders with one candidate left whose evidence does not
	// contradict itself.
	Decided map[callbackd.SenderID]callbackd.FakeID
	// Void are indexes of pushes that fit nothing or took part in a contradiction.
	Void []int
	// Ordered tells that the order of ids was consistent and was used between senders.
	Ordered bool
}

// Solve removes what no consistent assignment of pushes to entries contains. It
// is sound: under the facts of the package comment the truth is never removed.
// It is complete for one sender, and nearly so for many (the tests measure it
// against all assignments of small crowds).
func Solve(p Problem) Solution {
	c := compile(p)
	void := make([]bool, len(p.Pushes))
	for {
		st := c.start(void)
		if v := st.settle(false); v != nil {
			c.setAside(void, *v)
			continue
		}
		ordered := st.clone()
		if ordered.settle(true) == nil {
			if ordered.probe(true) == nil {
				return c.solution(ordered, void, true)
			}
		}
		if v := st.probe(false); v != nil {
			c.setAside(void, *v)
			continue
		}
		return c.solution(st, void, false)
	}
}

// compiled is a Problem in numbers. Pushes are numbered by time, entries by id,
// both without repetition.
type compiled struct {
	p       Problem
	push    []int   // position → index in p.Pushes
	times   []int64 // by push
	sender  []int32 // by push
	same    [][]int // by push: further indexes in p.Pushes that are the same push
	entry   []int   // position → index in p.Entries
	fake    []int32 // by entry
	fakes   []callbackd.FakeID
	senders []callbackd.SenderID
	known   []int32   // by sender: its FakeID or none
	prior   [][]int32 // by sender: possible FakeIDs by earlier evidence; nil: nothing known
	bound   []bool    // by FakeID: a known sender's
	first   [][]int32 // by push: entries that agree in time, kind, words and person
	of      [][]int32 // by sender: its pushes in order
}

func compile(p Problem) *compiled {
	c := &compiled{p: p}
	c.numberEntries()
	c.numberPushes()
	c.firstDomains()
	return c
}

func (c *compiled) numberEntries() {
	number := map[callbackd.FakeID]int32{}
	add := func(f callbackd.FakeID) int32 {
		n, ok := number[f]
		if !ok {
			n = int32(len(c.fakes))
			number[f] = n
			c.fakes = append(c.fakes, f)
		}
		return n
	}
	order := make([]int, len(c.p.Entries))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return c.p.Entries[order[a]].ID < c.p.Entries[order[b]].ID })
	for _, i := range order {
		e := c.p.Entries[i]
		if n := len(c.entry); n > 0 && c.p.Entries[c.entry[n-1]].ID == e.ID {
			continue // read twice, on two pages
		}
		c.entry = append(c.entry, i)
		c.fake = append(c.fake, add(e.FakeID))
	}
	ids := map[callbackd.SenderID]bool{}
	for _, p := range c.p.Pushes {
		if !ids[p.Sender] {
			ids[p.Sender] = true
			c.senders = append(c.senders, p.Sender)
		}
	}
	sort.Slice(c.senders, func(a, b int) bool { return c.senders[a] < c.senders[b] })
	c.known = make([]int32, len(c.senders))
	c.prior = make([][]int32, len(c.senders))
	for s, id := range c.senders {
		c.known[s] = none
		if f, ok := c.p.Known[id]; ok {
			c.known[s] = add(f)
		}
		if prior, ok := c.p.Prior[id]; ok {
			c.prior[s] = []int32{}
			for _, f := range prior {
				c.prior[s] = append(c.prior[s], add(f))
			}
		}
	}
	c.bound = make([]bool, len(c.fakes))
	for _, f := range c.p.Known {
		if n, ok := number[f]; ok {
			c.bound[n] = true
		}
	}
}

func (c *compiled) numberPushes() {
	number := make(map[callbackd.SenderID]int32, len(c.senders))
	for s, id := range c.senders {
		number[id] = int32(s)
	}
	var order []int
	for i, p := range c.p.Pushes {
		if _, pinned := c.p.Pins[i]; pinned || covered(p, c.p.Sweeps, c.p.Window) {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return c.p.Pushes[order[a]].Time < c.p.Pushes[order[b]].Time })
	type key struct {
		s    callbackd.SenderID
		time int64
		id   uint64
	}
	seen := map[key]int{}
	c.of = make([][]int32, len(c.senders))
	for _, i := range order {
		p := c.p.Pushes[i]
		k := key{p.Sender, p.Time, p.MsgID}
		if n, again := seen[k]; again && p.MsgID != 0 {
			c.same[n] = append(c.same[n], i) // the platform's repeat
			continue
		}
		n := len(c.push)
		seen[k] = n
		s := number[p.Sender]
		c.push, c.times = append(c.push, i), append(c.times, p.Time)
		c.sender, c.same = append(c.sender, s), append(c.same, nil)
		c.of[s] = append(c.of[s], int32(n))
	}
}

// firstDomains collects for each push the entries that agree with it.
func (c *compiled) firstDomains() {
	byTime := make([]int32, len(c.entry))
	text := make([]string, len(c.entry))
	for i := range byTime {
		byTime[i] = int32(i)
		text[i] = NormalText(c.at(int32(i)).Text)
	}
	sort.SliceStable(byTime, func(a, b int) bool { return c.at(byTime[a]).Time < c.at(byTime[b]).Time })
	c.first = make([][]int32, len(c.push))
	for n, i := range c.push {
		p := c.p.Pushes[i]
		words := NormalText(p.Text)
		at := sort.Search(len(byTime), func(k int) bool {
			e := c.at(byTime[k]).Time
			return e >= p.Time || c.p.Window.holds(p.Time, e)
		})
		for ; at < len(byTime); at++ {
			e := c.at(byTime[at])
			if !c.p.Window.holds(p.Time, e.Time) {
				break
			}
			if pin, ok := c.p.Pins[i]; ok && c.p.Entries[pin].ID != e.ID {
				continue
			}
			if sameThing(p.Kind, words, e.Kind, text[byTime[at]]) && c.mayBe(c.sender[n], c.fake[byTime[at]]) {
				c.first[n] = append(c.first[n], byTime[at])
			}
		}
		sort.Slice(c.first[n], func(a, b int) bool { return c.first[n][a] < c.first[n][b] })
	}
}

func (c *compiled) at(e int32) *Entry { return &c.p.Entries[c.entry[e]] }

// mayBe reports whether a sender can be this FakeID as far as is known already.
func (c *compiled) mayBe(s, f int32) bool {
	if c.known[s] != none {
		return c.known[s] == f
	}
	return !c.bound[f] && (c.prior[s] == nil || contains(c.prior[s], f))
}

// conflict names what cannot be true together: pushes, or whole senders.
type conflict struct{ pushes, senders []int32 }

// setAside marks what took part in a contradiction; it always marks something new.
func (c *compiled) setAside(void []bool, v conflict) {
	for _, s := range v.senders {
		v.pushes = append(v.pushes, c.of[s]...)
	}
	for _, p := range v.pushes {
		void[p] = true
	}
}

func (c *compiled) solution(st *state, void []bool, ordered bool) Solution {
	s := Solution{
		Entry:      make([]int, len(c.p.Pushes)),
		Candidates: map[callbackd.SenderID][]callbackd.FakeID{},
		Decided:    map[callbackd.SenderID]callbackd.FakeID{},
		Ordered:    ordered,
	}
	for i := range s.Entry {
		s.Entry[i] = -1
	}
	voids := make([]int, len(c.senders))
	for n, i := range c.push {
		if st.aside[n] {
			voids[c.sender[n]]++
			s.Void = append(s.Void, i)
		} else if len(st.dom[n]) == 1 {
			s.Entry[i] = c.entry[st.dom[n][0]]
			for _, again := range c.same[n] {
				s.Entry[again] = s.Entry[i]
			}
		}
	}
	sort.Ints(s.Void)
	for n, id := range c.senders {
		used := len(c.of[n]) - voids[n]
		if c.known[n] != none || used == 0 {
			continue
		}
		for _, f := range st.cand[n] {
			s.Candidates[id] = append(s.Candidates[id], c.fakes[f])
		}
		if len(st.cand[n]) == 1 && used > voids[n] && (!c.doubted(n, s.Void) || used >= 2 && st.speaksForItself(n)) {
			s.Decided[id] = c.fakes[st.cand[n][0]]
		}
	}
	return s
}

// doubtSpan is the distance in seconds over which a push that fits nothing
// makes the others doubtful.
const doubtSpan = 600

// doubted reports whether some push near one of the sender's fits nothing (its
// entry was taken away, or its person is filtered from the page altogether): the
// page lacks entries there, and the only candidate of a message may be somebody
// else's. Then two messages have to agree, without help from what was concluded
// about others.
func (c *compiled) doubted(s int, void []int) bool {
	for _, v := range void {
		for _, p := range c.of[s] {
			if d := c.times[p] - c.p.Pushes[v].Time; -doubtSpan <= d && d <= doubtSpan {
				return true
			}
		}
	}
	return false
}

// speaksForItself reports whether the sender's own pushes leave one FakeID,
// without what was concluded from other senders' pushes.
func (st *state) speaksForItself(s int) bool {
	var cand []int32
	for _, p := range st.evidence(s) {
		cand = st.common(cand, st.c.first[p])
	}
	return len(cand) == 1
}
