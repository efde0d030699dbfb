package match

import "callbackd"

// AssignMedia finds the entries of one person's messages in the dialog with that
// person (CN103491087A, claim 2), for package media. All pushes are of one
// sender, all entries its own lines of the dialog (not the account's answers).
// Hand in every message of the sender that is near the ones that are looked for,
// whatever its kind: each narrows the others.
//
// The answer holds, by message, those that can be told: by the exact console id
// where it names an entry that agrees in time, kind and words; else where every
// assignment that keeps the order gives the same entry. What is absent waits.
func AssignMedia(pushes []Push, entries []Entry, sweep Sweep) map[callbackd.MessageID]Entry {
	exact := ExactIDs(pushes, entries, DefaultWindow)
	p := Problem{
		Entries: entries,
		Sweeps:  []Sweep{sweep},
		Known:   map[callbackd.SenderID]callbackd.FakeID{},
		Pins:    map[int]int{},
		Window:  DefaultWindow,
	}
	trusted := exact.Trusted(pushes)
	for i, push := range pushes {
		id, named := ExactID(push)
		e, paired := trusted[i]
		if named && !paired && len(trusted) > 0 && !listed(entries, id) {
			continue // ids hold here, and this one's entry is not there: no other one is it
		}
		if paired {
			p.Pins[len(p.Pushes)] = e
		}
		p.Pushes = append(p.Pushes, push)
		if len(entries) > 0 {
			p.Known[push.Sender] = entries[0].FakeID
		}
	}
	found := map[callbackd.MessageID]Entry{}
	for i, e := range Solve(p).Entry {
		if e >= 0 {
			found[p.Pushes[i].Message] = entries[e]
		}
	}
	return found
}

func listed(entries []Entry, id uint64) bool {
	for _, e := range entries {
		if e.ID == id {
			return true
		}
	}
	return false
}
