package resolver

import (
	"callbackd"
	"callbackd/internal/match"
)

// ByCreateTime tells senders by the time of their messages (CN103501265A, claim
// 5), narrowed by kind and words, by the order of ids, by every message of the
// same sender and by one person having one FakeID. found are those with one
// candidate left; candidates are the possible FakeIDs of every unresolved sender
// of whom evidence says anything, found ones included. They stay true and may be
// given as Prior the next time.
func ByCreateTime(ev Evidence) (found map[callbackd.SenderID]callbackd.FakeID, candidates map[callbackd.SenderID][]callbackd.FakeID) {
	s := match.Solve(match.Problem{
		Pushes: ev.Pushes, Entries: ev.Listed, Sweeps: ev.Sweeps, Known: ev.Known, Prior: ev.Prior,
		Window: match.DefaultWindow, Slack: match.DefaultSlack,
	})
	return s.Decided, s.Candidates
}
