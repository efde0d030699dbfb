package match

// state is how far the domains have shrunk. Rows are never written in place, so
// that a clone is a copy of the outer slices.
type state struct {
	c     *compiled
	aside []bool    // by push: not evidence
	dom   [][]int32 // by push: entries that it may be
	cand  [][]int32 // by sender: FakeIDs that it may be; nil until its first push was looked at
	live  []int32   // pushes that are evidence, by time
	pairs []int32   // a full matching of the senders of people() to FakeIDs
}

func (c *compiled) start(void []bool) *state {
	st := &state{c: c, aside: make([]bool, len(c.push)), dom: make([][]int32, len(c.push)), cand: make([][]int32, len(c.senders))}
	copy(st.dom, c.first)
	for n := range c.push {
		if void[n] || len(c.first[n]) == 0 {
			st.aside[n] = true
			continue
		}
		st.live = append(st.live, int32(n))
	}
	return st
}

func (st *state) clone() *state {
	d := *st
	d.dom = append([][]int32(nil), st.dom...)
	d.cand = append([][]int32(nil), st.cand...)
	return &d
}

// settle applies every rule until nothing changes any more. That an entry
// belongs to one push needs no rule of its own: between people it follows from
// oneFakeIDEach, within one person's messages ownOrder sees to it.
func (st *state) settle(ordered bool) *conflict {
	for changed := true; changed; {
		changed = false
		if ordered {
			c, ok := prunedByOrder(st.live, st.c.times, st.dom, int32(len(st.c.entry)), st.c.p.Slack)
			if !ok {
				return &conflict{}
			}
			changed = c
		}
		for _, rule := range []func(*bool) *conflict{st.onePersonEach, st.ownOrder, st.oneFakeIDEach} {
			if v := rule(&changed); v != nil {
				return v
			}
		}
	}
	return nil
}

// onePersonEach: all pushes of a sender belong to one FakeID.
func (st *state) onePersonEach(changed *bool) *conflict {
	for s := range st.c.senders {
		cand := st.cand[s]
		for _, p := range st.c.of[s] {
			if !st.aside[p] {
				cand = st.common(cand, st.dom[p])
			}
		}
		if cand == nil {
			continue
		}
		if len(cand) == 0 {
			return &conflict{senders: []int32{int32(s)}}
		}
		*changed = *changed || len(cand) != len(st.cand[s])
		st.cand[s] = cand
		for _, p := range st.c.of[s] {
			if st.aside[p] {
				continue
			}
			next, cut := filter(st.dom[p], func(e int32) bool { return contains(cand, st.c.fake[e]) })
			if cut {
				st.dom[p], *changed = next, true
			}
		}
	}
	return nil
}

// common returns the FakeIDs of cand (nil: any) that entries of dom have.
func (st *state) common(cand, dom []int32) []int32 {
	has := map[int32]bool{}
	out := []int32{}
	for _, e := range dom {
		f := st.c.fake[e]
		if !has[f] && (cand == nil || contains(cand, f)) {
			has[f] = true
			out = append(out, f)
		}
	}
	return out
}

// ownOrder: one person's entries follow each other as its messages did, each
// message with its own entry. A FakeID with which that cannot be is not the sender's.
func (st *state) ownOrder(changed *bool) *conflict {
	for s := range st.c.senders {
		pushes := st.evidence(s)
		if len(pushes) < 2 {
			continue
		}
		keep := make([]map[int32]bool, len(pushes))
		for i := range keep {
			keep[i] = map[int32]bool{}
		}
		cand := []int32{}
		for _, f := range st.cand[s] {
			rows, ok := st.alone(pushes, f)
			if !ok {
				continue
			}
			cand = append(cand, f)
			for i, row := range rows {
				for _, e := range row {
					keep[i][e] = true
				}
			}
		}
		if len(cand) == 0 {
			return &conflict{senders: []int32{int32(s)}}
		}
		*changed = *changed || len(cand) != len(st.cand[s])
		st.cand[s] = cand
		for i, p := range pushes {
			if next, cut := filter(st.dom[p], func(e int32) bool { return keep[i][e] }); cut {
				st.dom[p], *changed = next, true
			}
		}
	}
	return nil
}

func (st *state) evidence(s int) (pushes []int32) {
	for _, p := range st.c.of[s] {
		if !st.aside[p] {
			pushes = append(pushes, p)
		}
	}
	return pushes
}

// alone returns the domains of one sender's pushes if it were f, exactly pruned;
// false if it cannot be f.
func (st *state) alone(pushes []int32, f int32) (rows [][]int32, ok bool) {
	rows = make([][]int32, len(pushes))
	times := make([]int64, len(pushes))
	all := make([]int32, len(pushes))
	for i, p := range pushes {
		rows[i], _ = filter(st.dom[p], func(e int32) bool { return st.c.fake[e] == f })
		if len(rows[i]) == 0 {
			return nil, false
		}
		times[i], all[i] = st.c.times[p], int32(i)
	}
	if _, ok = prunedByOrder(all, times, rows, int32(len(st.c.entry)), 0); !ok {
		return nil, false
	}
	if distinct(times) {
		return rows, true // strict order leaves no entry to two pushes
	}
	g := graph{adj: rows, right: len(st.c.entry)}
	mates, stuck := g.pair(nil)
	if stuck != nil {
		return nil, false
	}
	g.prune(mates)
	return rows, true
}

func distinct(sorted []int64) bool {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return false
		}
	}
	return true
}

// oneFakeIDEach: two senders are two people.
func (st *state) oneFakeIDEach(changed *bool) *conflict {
	var who []int32
	g := graph{right: len(st.c.fakes)}
	for s, cand := range st.cand {
		if cand != nil {
			who = append(who, int32(s))
			g.adj = append(g.adj, cand)
		}
	}
	pairs, stuck := g.pair(st.pairs)
	if stuck != nil {
		v := &conflict{}
		for _, i := range stuck {
			v.senders = append(v.senders, who[i])
		}
		return v
	}
	st.pairs = pairs
	if g.prune(pairs) {
		*changed = true
		for i, s := range who {
			st.cand[s] = g.adj[i]
		}
	}
	return nil
}

// Probing costs a run of all rules per guess, so it is bounded.
const (
	probeWidth = 8       // candidates of a sender that are tried
	probeWork  = 1000000 // rough number of steps for all probes of one Solve
)

// probe tries each candidate of senders with few: where the assumption leads to
// a contradiction, it was none. It reports a conflict where no candidate is left.
func (st *state) probe(ordered bool) *conflict {
	work := 0
	for again := true; again; {
		again = false
		for s := range st.c.senders {
			if n := len(st.cand[s]); n < 2 || n > probeWidth {
				continue
			}
			for _, f := range st.cand[s] {
				if work += st.size(); work > probeWork {
					return nil
				}
				guess := st.clone()
				guess.cand[s] = []int32{f}
				if guess.settle(ordered) == nil {
					continue
				}
				st.cand[s], _ = filter(st.cand[s], func(g int32) bool { return g != f })
				if v := st.settle(ordered); v != nil {
					return v
				}
				again = true
				break
			}
		}
	}
	return nil
}

// size is about what one run of all rules looks at.
func (st *state) size() int {
	n := len(st.c.senders)
	for _, p := range st.live {
		n += len(st.dom[p])
	}
	return n
}
