package resolver

import (
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
)

// Pushed is a stored message as evidence; Listed is a line of the message page.
type (
	Pushed = match.Push
	Listed = match.Entry
	Sweep  = match.Sweep
)

// Evidence is all that is known on one account when the matchers are asked.
type Evidence struct {
	// Pushes of unresolved senders, and of known ones around the same time: the
	// latter anchor the order of ids.
	Pushes []Pushed
	// Listed are the lines that Sweeps brought, whoever wrote them.
	Listed []Listed
	Sweeps []Sweep
	// Known senders of this account, all of them: their FakeIDs are nobody else's.
	Known map[callbackd.SenderID]callbackd.FakeID
	// Prior is what earlier evidence left of unresolved senders' FakeIDs.
	Prior map[callbackd.SenderID][]callbackd.FakeID
}

// PushedOf turns a stored message into evidence.
func PushedOf(m *callbackd.Message) Pushed {
	return Pushed{
		Message: m.ID, Sender: m.Sender, Time: m.SentAt.Unix(), MsgID: m.MsgID, Kind: m.Kind,
		Text: m.Text, ReceivedAt: m.ReceivedAt,
	}
}

// ListedOf turns page entries into evidence, without the account's own answers.
func ListedOf(entries []mpweb.Entry) []Listed {
	out := make([]Listed, 0, len(entries))
	for _, e := range entries {
		if !e.Own {
			out = append(out, Listed{ID: e.ID, FakeID: e.FakeID, Kind: e.Kind, Time: e.Time, Text: e.Content})
		}
	}
	return out
}

// Reading is one sweep over the message page with what it brought: began is our
// clock before the first page was asked for; all says that nothing older exists.
func (ev *Evidence) Reading(began time.Time, entries []mpweb.Entry, all bool) {
	listed := ListedOf(entries)
	ev.Listed = append(ev.Listed, listed...)
	ev.Sweeps = append(ev.Sweeps, match.NewSweep(began, listed, all))
}

// owners tells whose a FakeID is already.
func (ev Evidence) owners() map[callbackd.FakeID]callbackd.SenderID {
	out := make(map[callbackd.FakeID]callbackd.SenderID, len(ev.Known))
	for s, f := range ev.Known {
		out[f] = s
	}
	return out
}
