package resolver_test

import (
	"slices"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/resolver"
	"callbackd/store"
)

// way is one row of the table: how senders are found.
type way struct {
	name     string
	resolve  []callbackd.Strategy
	dialect  callbackd.Dialect
	userPage bool
}

var (
	wayUserPage = way{"user-page", []callbackd.Strategy{callbackd.StrategyUserPage}, callbackd.Dialect2014, true}
	wayOpenID   = way{"open-id", []callbackd.Strategy{callbackd.StrategyOpenID}, callbackd.Dialect2016, false}
	wayMsgID    = way{"msg-id", []callbackd.Strategy{callbackd.StrategyMsgID}, callbackd.Dialect2014, false}
	wayTime     = way{"create-time", []callbackd.Strategy{callbackd.StrategyCreateTime}, callbackd.Dialect2014, false}
	wayAll      = way{"all together", []callbackd.Strategy{callbackd.StrategyOpenID, callbackd.StrategyMsgID, callbackd.StrategyUserPage,
		callbackd.StrategyCreateTime}, callbackd.Dialect2014, true}
)

// score is what came of one way on one traffic.
type score struct {
	senders, resolved, wrong int
	withID, withIDResolved   int // senders with a message that carries an id
	decided, decidedResolved int // senders whom the evidence decides, by the oracle; create-time alone
	identify                 int // pages that were read to find out who is who
	cards, pictures          int // pages for the profile
	twice                    int // cards or pictures beyond one a person
	media, matched, mismatch int
	slices                   int
	toName, toFace           []time.Duration // from a sender's first push, sorted
}

func (c score) share(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

func (c score) perPerson(n int) float64 { return float64(n) / float64(c.senders) }

// at returns a quantile of sorted durations.
func at(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

// evening is a traffic that has run on a stage.
type evening struct {
	*stage
	way    way
	truth  map[callbackd.OpenID]callbackd.FakeID
	withID map[callbackd.OpenID]bool
	heard  map[callbackd.OpenID]time.Time // when the first push came
	old    patents
}

// play lets a crowd talk and the planner work until nothing is left to find.
func play(tb testing.TB, w way, seed int64, o rehearsal.TrafficOptions) *evening {
	s := newStage(tb, stageOptions{
		platform: rehearsal.Options{Seed: seed, PageSkew: rehearsal.Range{Min: -2 * time.Second, Max: 10 * time.Second},
			ListingDelay: rehearsal.Range{Max: 5 * time.Second}, PushDelay: rehearsal.Range{Max: time.Second}},
		account: rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: w.dialect}, Operator: rehearsal.OperatorFaults{UserPage: w.userPage},
			Settings: rehearsal.Settings{Resolve: w.resolve}},
		people: o.Crowd(), latency: 80 * time.Millisecond,
	})
	e := &evening{stage: s, way: w, truth: map[callbackd.OpenID]callbackd.FakeID{}, withID: map[callbackd.OpenID]bool{},
		heard: map[callbackd.OpenID]time.Time{}}
	e.old.begin(e)
	begin := s.Now()
	steps := rehearsal.Traffic(seed, o)
	for _, step := range steps {
		s.at(begin.Add(step.At), func() {
			r, _, err := step.Apply(s.a, s.crowd, begin)
			s.must(err)
			c, _ := s.a.Contact(r.Number)
			e.truth[r.OpenID] = s.a.FakeID(c)
			if _, ok := match.ExactID(match.Push{Time: r.CreatedAt.Unix(), MsgID: r.MsgID}); ok {
				e.withID[r.OpenID] = true
			}
			s.at(r.PushAt, func() {
				if _, again := e.heard[r.OpenID]; !again {
					e.heard[r.OpenID] = s.Now()
				}
				s.push(r)
				s.at(s.Now().Add(6*time.Second), func() { e.old.hear(r) }) // when its line is surely listed
			})
		})
	}
	s.work(steps[len(steps)-1].At + 10*time.Minute)
	return e
}

// score compares what the planner found with the truth, and counts its pages.
func (e *evening) score() score {
	out := score{senders: len(e.truth), withID: len(e.withID), slices: e.slices}
	known, err := e.db.ListPersons(ctx, e.acc.ID, true, 1_000_000)
	e.must(err)
	found := map[callbackd.OpenID]bool{}
	for _, p := range known {
		truth, spoke := e.truth[p.OpenID]
		if c, _ := e.a.ContactByOpenID(p.OpenID); e.a.FakeID(c) != p.FakeID {
			out.wrong++
		}
		if !spoke || p.FakeID != truth {
			continue
		}
		found[p.OpenID] = true
		out.resolved++
		out.toName = append(out.toName, p.ListedAt.Sub(e.heard[p.OpenID]))
		if !p.ReadAt.IsZero() {
			out.toFace = append(out.toFace, p.ReadAt.Sub(e.heard[p.OpenID]))
		}
	}
	slices.Sort(out.toName)
	slices.Sort(out.toFace)
	for open := range e.withID {
		if found[open] {
			out.withIDResolved++
		}
	}
	for open := range e.decided() {
		out.decided++
		if found[open] {
			out.decidedResolved++
		}
	}
	n := e.platform.Counters(e.a.Config.Slug)
	out.cards, out.pictures = n["mp/getcontactinfo"]+n["mp/get_fans_info"], n["mp/getheadimg"]+e.foreign
	out.identify = n["mp/message"] + n["mp/contactmanage"] + n["mp/user_tag"]
	out.twice = max(0, out.cards-len(known)) + max(0, out.pictures-len(known))
	if e.way.resolve[0] == callbackd.StrategyUserPage { // the card is what identifies
		out.identify, out.cards = out.identify+out.cards, 0
	}
	e.scoreMedia(&out)
	return out
}

// decided is the oracle of create-time: whom the solver tells from all pushes and
// the whole message page at once, long after the last line was listed.
func (e *evening) decided() map[callbackd.OpenID]bool {
	if len(e.way.resolve) != 1 || e.way.resolve[0] != callbackd.StrategyCreateTime {
		return nil
	}
	ev := resolver.Evidence{}
	pushed, err := e.db.ListPushed(ctx, e.acc.ID, 0, 1_000_000)
	e.must(err)
	openIDs := map[callbackd.SenderID]callbackd.OpenID{}
	for i := range pushed {
		ev.Pushes = append(ev.Pushes, resolver.PushedOf(&pushed[i].Message))
		openIDs[pushed[i].Message.Sender] = pushed[i].OpenID
	}
	var all []mpweb.Entry
	for _, r := range e.a.Records(rehearsal.Query{}) {
		c, _ := e.a.Contact(r.Number)
		kind := kinds[r.Type]
		if kind == callbackd.KindLocation {
			kind = callbackd.KindText
		}
		all = append(all, mpweb.Entry{ID: uint64(r.ConsoleID), Kind: kind, FakeID: e.a.FakeID(c), Time: r.ConsoleAt.Unix(), Content: r.Content})
	}
	ev.Reading(e.Now(), all, true)
	found, _ := resolver.ByCreateTime(ev)
	out := map[callbackd.OpenID]bool{}
	for sender := range found {
		out[openIDs[sender]] = true
	}
	return out
}

// scoreMedia finds the files of everybody who is known in their dialogs, as
// package media does.
func (e *evening) scoreMedia(out *score) {
	pushed, err := e.db.ListPushed(ctx, e.acc.ID, 0, 1_000_000)
	e.must(err)
	of := map[callbackd.OpenID][]store.Pushed{}
	for i := len(pushed) - 1; i >= 0; i-- {
		of[pushed[i].OpenID] = append(of[pushed[i].OpenID], pushed[i])
		if pushed[i].Message.Kind.HasMedia() {
			out.media++
		}
	}
	records := map[callbackd.OpenID][]rehearsal.Record{}
	for _, r := range e.a.Truth() {
		records[r.OpenID] = append(records[r.OpenID], r)
	}
	for open, sent := range of {
		p, ok := e.personOf(open)
		if !ok {
			continue
		}
		at := e.Now()
		entries, err := e.pages.Dialog(ctx, e.acc, p.FakeID)
		e.must(err)
		lines := resolver.ListedOf(entries)
		pushes := make([]match.Push, len(sent))
		for i := range sent {
			pushes[i] = resolver.PushedOf(&sent[i].Message)
		}
		found := match.AssignMedia(pushes, lines, match.NewSweep(at, lines, true))
		for i := range sent {
			m := sent[i].Message
			f, ok := found[m.ID]
			if !ok || !m.Kind.HasMedia() {
				continue
			}
			out.matched++
			if !sameMessage(records[open], m, f.ID) {
				out.mismatch++
			}
		}
	}
}

// sameMessage reports whether a console id is that of a stored message.
func sameMessage(records []rehearsal.Record, m callbackd.Message, id uint64) bool {
	for _, r := range records {
		if uint64(r.ConsoleID) == id {
			return r.CreatedAt.Equal(m.SentAt) && r.MsgID == m.MsgID && kinds[r.Type] == m.Kind
		}
	}
	return false
}
