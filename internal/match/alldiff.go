package match

// A graph is a bipartite graph: adj[l] holds the right vertices that left vertex
// l may take, each left vertex has to take one, no right vertex twice.
type graph struct {
	adj   [][]int32
	right int // number of right vertices
}

const none = int32(-1)

// pair finds a matching that serves every left vertex, starting from the one in
// m (which may be nil or outdated). Where there is none it returns the left
// vertices that compete for too few right ones.
func (g graph) pair(m []int32) (matching []int32, stuck []int32) {
	owner := make([]int32, g.right)
	for i := range owner {
		owner[i] = none
	}
	matching = make([]int32, len(g.adj))
	for l := range matching {
		matching[l] = none
		if l < len(m) && m[l] != none && owner[m[l]] == none && contains(g.adj[l], m[l]) {
			matching[l], owner[m[l]] = m[l], int32(l)
		}
	}
	seen := make([]int32, len(g.adj)) // the round in which a left vertex was visited
	var augment func(l, round int32) bool
	augment = func(l, round int32) bool {
		seen[l] = round
		for _, r := range g.adj[l] {
			if owner[r] == none {
				matching[l], owner[r] = r, l
				return true
			}
		}
		for _, r := range g.adj[l] {
			if o := owner[r]; seen[o] != round && augment(o, round) {
				matching[l], owner[r] = r, l
				return true
			}
		}
		return false
	}
	for l := range g.adj {
		if matching[l] != none {
			continue
		}
		round := int32(l) + 1
		if augment(int32(l), round) {
			continue
		}
		for v := range seen { // what the failed search reached is a Hall violator
			if seen[v] == round {
				stuck = append(stuck, int32(v))
			}
		}
		return matching, stuck
	}
	return matching, nil
}

// prune removes every edge that no full matching uses (Régin's filtering: an
// edge outside the matching survives when it lies on an alternating cycle or on
// an alternating path to a free right vertex). m serves every left vertex.
// It reports whether anything went; adj is replaced, its old rows stay intact.
func (g graph) prune(m []int32) (changed bool) {
	owner := make([]int32, g.right)
	for i := range owner {
		owner[i] = none
	}
	for l, r := range m {
		owner[r] = int32(l)
	}
	loose := g.reachFree(m, owner)
	component := g.components(m, owner)
	for l, row := range g.adj {
		keep := func(r int32) bool {
			return r == m[l] || owner[r] == none || loose[owner[r]] || component[l] == component[owner[r]]
		}
		if next, cut := filter(row, keep); cut {
			g.adj[l], changed = next, true
		}
	}
	return changed
}

// reachFree marks the left vertices that could give up their partner because an
// alternating path leads from them to a free right vertex.
func (g graph) reachFree(m, owner []int32) []bool {
	takers := make([][]int32, len(g.adj)) // takers[l]: who could take l's partner
	loose := make([]bool, len(g.adj))
	var queue []int32
	for l, row := range g.adj {
		for _, r := range row {
			if owner[r] != none {
				if owner[r] != int32(l) {
					takers[owner[r]] = append(takers[owner[r]], int32(l))
				}
			} else if !loose[l] {
				loose[l] = true
				queue = append(queue, int32(l))
			}
		}
	}
	for len(queue) > 0 {
		l := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, t := range takers[l] { // t takes l's partner, l moves on
			if !loose[t] {
				loose[t] = true
				queue = append(queue, t)
			}
		}
	}
	return loose
}

// components numbers the strongly connected components of the left vertices,
// where l leads to whoever holds a right vertex that l may take (Tarjan).
func (g graph) components(m, owner []int32) []int32 {
	n := len(g.adj)
	comp, low, order := make([]int32, n), make([]int32, n), make([]int32, n)
	var stack []int32
	var clock, count int32
	var visit func(l int32)
	visit = func(l int32) {
		clock++
		order[l], low[l] = clock, clock
		stack = append(stack, l)
		for _, r := range g.adj[l] {
			o := owner[r]
			if o == none || o == l {
				continue
			}
			if order[o] == 0 {
				visit(o)
				low[l] = min(low[l], low[o])
			} else if comp[o] == 0 {
				low[l] = min(low[l], order[o])
			}
		}
		if low[l] != order[l] {
			return
		}
		count++
		for {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			comp[v] = count
			if v == l {
				return
			}
		}
	}
	for l := range g.adj {
		if order[l] == 0 {
			visit(int32(l))
		}
	}
	return comp
}

// filter returns the members that are kept. Nothing cut: the row itself.
func filter(row []int32, keep func(int32) bool) (kept []int32, cut bool) {
	for i, v := range row {
		if keep(v) {
			continue
		}
		kept = append(make([]int32, 0, len(row)-1), row[:i]...)
		for _, w := range row[i+1:] {
			if keep(w) {
				kept = append(kept, w)
			}
		}
		return kept, true
	}
	return row, false
}

func contains(row []int32, v int32) bool {
	for _, w := range row {
		if w == v {
			return true
		}
	}
	return false
}
