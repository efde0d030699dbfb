package resolver

import (
	"sort"

	"callbackd"
	"callbackd/internal/match"
)

// Index is the account's FakeID ↔ openID table with the two lists of the patent
// (CN103501265A, claims 3 and 4): FakeIDs whose openID is known, and FakeIDs that
// are still to be read. It is rebuilt from the persons table; the zero value is
// ready.
type Index struct {
	openIDs map[callbackd.FakeID]callbackd.OpenID // "": on the unresolved list
	fakeIDs map[callbackd.OpenID]callbackd.FakeID
}

// See puts a FakeID on the unresolved list unless it is on one already.
func (x *Index) See(f callbackd.FakeID) {
	x.init()
	if _, ok := x.openIDs[f]; !ok && f != "" {
		x.openIDs[f] = ""
	}
}

// Bind moves a FakeID to the resolved list. ErrConflict where one of the two
// belongs to another one already: then neither is believed more than the other.
func (x *Index) Bind(f callbackd.FakeID, o callbackd.OpenID) error {
	x.init()
	if f == "" || o == "" {
		return callbackd.ErrInvalid
	}
	if was := x.openIDs[f]; was != "" && was != o {
		return callbackd.ErrConflict
	}
	if was, ok := x.fakeIDs[o]; ok && was != f {
		return callbackd.ErrConflict
	}
	x.openIDs[f], x.fakeIDs[o] = o, f
	return nil
}

// FakeID returns the FakeID of an openID that is resolved.
func (x *Index) FakeID(o callbackd.OpenID) (callbackd.FakeID, bool) {
	f, ok := x.fakeIDs[o]
	return f, ok
}

// Resolved reports whether a FakeID's openID is known: its card is never read
// again to find out who it is.
func (x *Index) Resolved(f callbackd.FakeID) bool { return x.openIDs[f] != "" }

func (x *Index) init() {
	if x.openIDs == nil {
		x.openIDs = map[callbackd.FakeID]callbackd.OpenID{}
		x.fakeIDs = map[callbackd.OpenID]callbackd.FakeID{}
	}
}

// CardOrder returns the FakeIDs whose cards are worth reading for the senders
// that wait, the most telling first, none twice and none that is resolved:
// first the few candidates that create-time left (smallest sets first), then
// whoever stands on the message page where a waiting sender's message may be
// (newest first; the reading may lag, the card is exact), then the contacts,
// newest first, where someone waits of whom no message is listed.
func CardOrder(x *Index, ev Evidence, waiting []callbackd.SenderID, candidates map[callbackd.SenderID][]callbackd.FakeID, contacts []callbackd.FakeID) []callbackd.FakeID {
	var out []callbackd.FakeID
	seen := map[callbackd.FakeID]bool{}
	add := func(f callbackd.FakeID) {
		if f != "" && !seen[f] && !x.Resolved(f) {
			seen[f] = true
			out = append(out, f)
		}
	}
	sets := make([]callbackd.SenderID, 0, len(waiting))
	isWaiting := map[callbackd.SenderID]bool{}
	for _, s := range waiting {
		isWaiting[s] = true
		if len(candidates[s]) > 0 {
			sets = append(sets, s)
		}
	}
	sort.SliceStable(sets, func(a, b int) bool { return len(candidates[sets[a]]) < len(candidates[sets[b]]) })
	for _, s := range sets {
		for _, f := range candidates[s] {
			add(f)
		}
	}
	hinted := hints(ev, isWaiting, candidates, add)
	for _, s := range waiting {
		if len(candidates[s]) == 0 && !hinted[s] {
			for _, f := range contacts {
				add(f)
			}
			break
		}
	}
	return out
}

// hints adds the FakeIDs of lines that may be a waiting sender's message, newest
// line first, and tells which senders have any. Senders with candidates need none.
func hints(ev Evidence, waiting map[callbackd.SenderID]bool, candidates map[callbackd.SenderID][]callbackd.FakeID, add func(callbackd.FakeID)) map[callbackd.SenderID]bool {
	lines := append([]Listed(nil), ev.Listed...)
	sort.SliceStable(lines, func(a, b int) bool { return lines[a].ID > lines[b].ID })
	owners := ev.owners()
	hinted := map[callbackd.SenderID]bool{}
	for _, e := range lines {
		if _, owned := owners[e.FakeID]; owned {
			continue
		}
		for _, p := range ev.Pushes {
			if waiting[p.Sender] && len(candidates[p.Sender]) == 0 && match.Compatible(p, e, match.DefaultWindow) {
				hinted[p.Sender] = true
				add(e.FakeID)
			}
		}
	}
	return hinted
}
