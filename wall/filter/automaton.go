package filter

// automaton finds many words in one pass over a text (Aho and Corasick 1975),
// and where they end, which the libraries at hand do not tell. Its edges are one
// map: 100,000 words take some 20 MB.
type automaton struct {
	edges map[edge]int32
	fail  []int32   // the node of the longest suffix
	ends  [][]int32 // words that end at a node
	next  []int32   // the nearest node on the way of fail at which a word ends; 0: none
}

type edge struct {
	node int32
	r    rune
}

func newAutomaton() *automaton {
	return &automaton{edges: map[edge]int32{}, fail: []int32{0}, ends: [][]int32{nil}}
}

// add puts a word in, before build.
func (a *automaton) add(word []cell, id int32) {
	node := int32(0)
	for _, c := range word {
		to, ok := a.edges[edge{node, c.r}]
		if !ok {
			to = int32(len(a.fail))
			a.edges[edge{node, c.r}] = to
			a.fail, a.ends = append(a.fail, 0), append(a.ends, nil)
		}
		node = to
	}
	a.ends[node] = append(a.ends[node], id)
}

// build links the nodes. A node is made after its parent, so that its number is
// the larger one; but a shorter suffix may have a larger number still, so they are
// taken in order of depth.
func (a *automaton) build() {
	children := make([][]edge, len(a.fail))
	for e, to := range a.edges {
		children[e.node] = append(children[e.node], edge{to, e.r})
	}
	a.next = make([]int32, len(a.fail))
	level := []int32{0}
	for len(level) > 0 {
		var below []int32
		for _, node := range level {
			for _, child := range children[node] {
				if node != 0 {
					a.fail[child.node] = a.step(a.fail[node], child.r)
				}
				if f := a.fail[child.node]; len(a.ends[f]) > 0 {
					a.next[child.node] = f
				} else {
					a.next[child.node] = a.next[f]
				}
				below = append(below, child.node)
			}
		}
		level = below
	}
}

func (a *automaton) step(node int32, r rune) int32 {
	for {
		if to, ok := a.edges[edge{node, r}]; ok {
			return to
		}
		if node == 0 {
			return 0
		}
		node = a.fail[node]
	}
}

// find calls fn with each word that ends at a cell, until fn says that it is enough.
func (a *automaton) find(text []cell, fn func(word int32, last int) (enough bool)) {
	node := int32(0)
	for i, c := range text {
		node = a.step(node, c.r)
		for at := node; at != 0; at = a.next[at] {
			for _, word := range a.ends[at] {
				if fn(word, i) {
					return
				}
			}
		}
	}
}
