package match

import "callbackd"

// ExactPairs are what the low words of MsgIds say about some pushes and entries.
type ExactPairs struct {
	Pairs    map[int]int // push → entry (indexes): the id is listed and the entry agrees in time, kind and words
	Disagree []int       // pushes whose id is listed as something else
	Unlisted []int       // pushes whose id is on no page
}

// ExactIDs looks up the entries that pushes name by their MsgId.
func ExactIDs(pushes []Push, entries []Entry, w Window) ExactPairs {
	at := make(map[uint64]int, len(entries))
	for i, e := range entries {
		if _, again := at[e.ID]; !again {
			at[e.ID] = i
		}
	}
	x := ExactPairs{Pairs: map[int]int{}}
	for i, p := range pushes {
		id, ok := ExactID(p)
		if !ok {
			continue
		}
		switch e, listed := at[id]; {
		case !listed:
			x.Unlisted = append(x.Unlisted, i)
		case Compatible(p, entries[e], w):
			x.Pairs[i] = e
		default:
			x.Disagree = append(x.Disagree, i)
		}
	}
	return x
}

// Trusted returns the pairs that can be believed, given how many others
// disagree. An account on which ids disagree as often as they agree numbers its
// pushes in another way, and its agreements are chance. Where a few disagree,
// only equal words count: kind and time alone agree by chance too easily.
func (x ExactPairs) Trusted(pushes []Push) map[int]int {
	if len(x.Disagree) == 0 {
		return x.Pairs
	}
	out := map[int]int{}
	if len(x.Disagree) >= len(x.Pairs) {
		return out
	}
	for p, e := range x.Pairs {
		if pushes[p].Kind == callbackd.KindText && NormalText(pushes[p].Text) != "" {
			out[p] = e
		}
	}
	return out
}
