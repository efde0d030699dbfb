package match

import "sort"

// prunedByOrder removes from the domains every entry that no assignment can use
// in which ids grow with the time of sending. pushes are positions in times and
// doms, sorted by time; entries are numbered in the order of their ids; two
// pushes are bound to order when their times differ by more than slack.
// It reports a change, and false for ok where no such assignment exists.
//
// For each second in turn it finds the lowest entry number by which all pushes
// of that second can have been served (each by its own entry); whatever comes
// more than slack later lies above it. The same backwards. For slack 0 the
// bounds are exact.
func prunedByOrder(pushes []int32, times []int64, doms [][]int32, entries int32, slack int64) (changed, ok bool) {
	groups := bySecond(pushes, times)
	for _, backward := range []bool{false, true} {
		w := orderWalk{times: times, doms: doms, top: entries - 1, slack: slack, backward: backward}
		if backward {
			for i, j := 0, len(groups)-1; i < j; i, j = i+1, j-1 {
				groups[i], groups[j] = groups[j], groups[i]
			}
		}
		c, ok := w.run(groups)
		if !ok {
			return changed, false
		}
		changed = changed || c
	}
	return changed, true
}

// bySecond cuts pushes that are sorted by time into groups of equal time.
func bySecond(pushes []int32, times []int64) (groups [][]int32) {
	for i := 0; i < len(pushes); {
		j := i
		for j < len(pushes) && times[pushes[j]] == times[pushes[i]] {
			j++
		}
		groups = append(groups, pushes[i:j])
		i = j
	}
	return groups
}

// orderWalk goes over the seconds in one direction. Walking backward it sees
// times negated and entry numbers mirrored, so that "later" is "higher" both ways.
type orderWalk struct {
	times    []int64
	doms     [][]int32
	top      int32
	slack    int64
	backward bool
}

func (w *orderWalk) height(e int32) int32 {
	if w.backward {
		return w.top - e
	}
	return e
}

func (w *orderWalk) time(g []int32) int64 {
	if w.backward {
		return -w.times[g[0]]
	}
	return w.times[g[0]]
}

func (w *orderWalk) run(groups [][]int32) (changed, ok bool) {
	heights := make([]int32, len(groups)) // highest need of any group up to this one
	behind, floor := 0, none              // groups[:behind] are more than slack earlier
	for i, g := range groups {
		for behind < i && w.time(groups[behind]) < w.time(g)-w.slack {
			floor = max(floor, heights[behind])
			behind++
		}
		for _, p := range g {
			next, cut := filter(w.doms[p], func(e int32) bool { return w.height(e) > floor })
			if len(next) == 0 {
				return changed, false
			}
			if cut {
				w.doms[p], changed = next, true
			}
		}
		if heights[i], ok = w.need(g); !ok {
			return changed, false
		}
	}
	return changed, true
}

// need returns the least height up to which all pushes of a second find an
// entry of their own.
func (w *orderWalk) need(g []int32) (int32, bool) {
	if len(g) == 1 {
		least := w.height(w.doms[g[0]][0])
		for _, e := range w.doms[g[0]] {
			least = min(least, w.height(e))
		}
		return least, true
	}
	type edge struct{ height, push int32 }
	var edges []edge
	for i, p := range g {
		for _, e := range w.doms[p] {
			edges = append(edges, edge{w.height(e), int32(i)})
		}
	}
	sort.Slice(edges, func(a, b int) bool { return edges[a].height < edges[b].height })
	s := service{takers: map[int32][]int32{}, holds: make([]int32, len(g))}
	for i := range s.holds {
		s.holds[i] = none
	}
	for i := 0; i < len(edges); {
		h := edges[i].height
		for ; i < len(edges) && edges[i].height == h; i++ {
			s.takers[h] = append(s.takers[h], edges[i].push)
		}
		s.seen = make([]bool, len(g))
		if s.give(h) {
			if s.served++; s.served == len(g) {
				return h, true
			}
		}
	}
	return 0, false
}

// service hands entries to the pushes of one second, lowest first.
type service struct {
	takers map[int32][]int32 // by height: who may take that entry
	holds  []int32           // height of the entry that each push has; none
	seen   []bool
	served int
}

// give finds one more push a place by handing on the entry of height h.
func (s *service) give(h int32) bool {
	for _, p := range s.takers[h] {
		if s.seen[p] {
			continue
		}
		s.seen[p] = true
		if s.holds[p] == none || s.give(s.holds[p]) {
			s.holds[p] = h
			return true
		}
	}
	return false
}
