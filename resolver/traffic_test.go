package resolver_test

import (
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
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
	faces                    int // with their card read and their picture
	withID                   int // senders with a message that carries an id
	withIDResolved           int
	identify                 int // pages that were read to find out who is who
	cards, pictures          int // pages for the profile
	media, matched, mismatch int
	slices                   int
	took                     time.Duration // of the stage's clock, from the first word to the last face
}

// evening is a traffic that has run on a stage.
type evening struct {
	*stage
	way    way
	truth  map[callbackd.OpenID]callbackd.FakeID
	withID map[callbackd.OpenID]bool
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
	e := &evening{stage: s, way: w, truth: map[callbackd.OpenID]callbackd.FakeID{}, withID: map[callbackd.OpenID]bool{}}
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
			s.at(r.PushAt, func() { s.push(r) })
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
	var last time.Time
	for _, p := range known {
		truth, spoke := e.truth[p.OpenID]
		if !spoke {
			c, _ := e.a.ContactByOpenID(p.OpenID)
			if e.a.FakeID(c) != p.FakeID {
				out.wrong++
			}
			continue
		}
		out.resolved++
		if truth != p.FakeID {
			out.wrong++
		}
		if e.withID[p.OpenID] {
			out.withIDResolved++
		}
		if !p.ReadAt.IsZero() && p.Avatar != "" {
			out.faces++
			last = maxTime(last, p.ReadAt)
		}
	}
	out.took = last.Sub(stageStart)
	n := e.platform.Counters(e.a.Config.Slug)
	out.cards, out.pictures = n["mp/getcontactinfo"]+n["mp/get_fans_info"], n["mp/getheadimg"]+e.foreign
	out.identify = n["mp/message"] + n["mp/contactmanage"] + n["mp/user_tag"]
	if e.way.userPage && e.way.resolve[0] == callbackd.StrategyUserPage { // the card is what identifies
		out.identify, out.cards = out.identify+out.cards, 0
	}
	e.scoreMedia(&out)
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
