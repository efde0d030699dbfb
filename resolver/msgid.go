package resolver

import (
	"callbackd"
	"callbackd/internal/match"
)

// ByMsgID tells senders by the low word of their messages' MsgIds, which from
// 2013 to 2018 was the id of the same message on the message page
// (wechat-protocol.md §0.1). The id is evidence, never proof: the entry has to
// agree in time, kind and words, its FakeID must not be another sender's, all
// messages of a sender have to name one FakeID, no two senders the same one, and
// an account whose ids disagree as often as they agree is not believed at all.
func ByMsgID(ev Evidence) map[callbackd.SenderID]callbackd.FakeID {
	x := match.ExactIDs(ev.Pushes, ev.Listed, match.DefaultWindow)
	owners := ev.owners()
	for p, e := range x.Pairs {
		sender, f := ev.Pushes[p].Sender, ev.Listed[e].FakeID
		known, isKnown := ev.Known[sender]
		owner, owned := owners[f]
		if isKnown && known != f || owned && owner != sender {
			delete(x.Pairs, p)
			x.Disagree = append(x.Disagree, p)
		}
	}
	refuted := map[callbackd.SenderID]bool{}
	for _, p := range x.Disagree {
		refuted[ev.Pushes[p].Sender] = true
	}
	found := map[callbackd.SenderID]callbackd.FakeID{}
	claims := map[callbackd.FakeID]callbackd.SenderID{}
	for p, e := range x.Trusted(ev.Pushes) {
		sender, f := ev.Pushes[p].Sender, ev.Listed[e].FakeID
		if before, ok := found[sender]; ok && before != f {
			refuted[sender] = true
		}
		if before, ok := claims[f]; ok && before != sender {
			refuted[sender], refuted[before] = true, true
		}
		found[sender], claims[f] = f, sender
	}
	for sender := range found {
		if _, known := ev.Known[sender]; known || refuted[sender] || !priorAllows(ev, sender, found[sender]) {
			delete(found, sender)
		}
	}
	return found
}

func priorAllows(ev Evidence, s callbackd.SenderID, f callbackd.FakeID) bool {
	prior, ok := ev.Prior[s]
	if !ok {
		return true
	}
	for _, p := range prior {
		if p == f {
			return true
		}
	}
	return false
}
