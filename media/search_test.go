package media

import (
	"context"
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/match"
	"callbackd/rehearsal"
)

// settled moves the clock until the pages must show what was sent.
func (s *stage) settled() { s.clock.Advance(match.Settle + time.Second) }

func TestSearch_EachKindByTheExactConsoleID(t *testing.T) {
	for kind, asset := range map[rehearsal.MsgType]*rehearsal.Asset{
		rehearsal.TypeVoice: rehearsal.Files().Voices[0], rehearsal.TypeImage: picture(), rehearsal.TypeVideo: rehearsal.Files().Videos[0],
	} {
		t.Run(string(kind), func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
			c := s.person(sim)
			md := s.send(sim, a, rehearsal.Message{From: c.Number, Type: kind, Asset: asset}, nil)
			s.send(sim, a, rehearsal.Message{From: c.Number, Type: kind, Asset: rehearsal.Files().Voices[1]}, nil) // the same second, the same kind
			s.known(a, sim, c)
			s.must(s.search(md))
			s.came(md, asset.Page)
		})
	}
}

// TestSearch_ByTimeKindAndOrder: without an exact id, where one assignment fits
// (CN103491087A, claim 2).
func TestSearch_ByTimeKindAndOrder(t *testing.T) {
	for _, d := range []callbackd.Dialect{callbackd.Dialect2014, callbackd.Dialect2016} {
		t.Run(string(d), func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: d}, Push: rehearsal.PushConfig{MsgIDs: rehearsal.MsgIDNew}}, noAPI)
			c := s.person(sim)
			var sent []*callbackd.Media
			var want []*rehearsal.Asset
			for i := range 3 {
				want = append(want, rehearsal.Files().Voices[i])
				sent = append(sent, s.send(sim, a, rehearsal.Message{From: c.Number, Type: rehearsal.TypeVoice, Asset: want[i]}, nil))
				s.send(sim, a, rehearsal.Message{From: c.Number, Content: fmt.Sprint("dazwischen ", i)}, nil)
				s.clock.Advance(2 * time.Second)
			}
			_, err := sim.Reply(c.Number, "die Antwort des Kontos")
			s.must(err)
			s.settled()
			s.known(a, sim, c)
			for i, md := range sent {
				s.must(s.search(md))
				s.came(md, want[i].Page)
			}
		})
	}
}

func TestSearch_WhatIsNotDecidedWaits(t *testing.T) {
	t.Run("the sender is not known", func(t *testing.T) {
		s := newStage(t, plainMaker())
		sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
		md := s.send(sim, a, voiceBy(s.person(sim)), nil)
		again(t, s.search(md))
		if n := s.platform.Counters("gala"); len(n) != 0 {
			t.Errorf("the pages were asked: %v", n)
		}
		s.absent(md)
	})
	t.Run("its line may still be missing", func(t *testing.T) {
		s := newStage(t, plainMaker())
		sim, a := s.account(rehearsal.AccountConfig{MP: operator2014, Push: rehearsal.PushConfig{MsgIDs: rehearsal.MsgIDNew}}, noAPI)
		c := s.person(sim)
		first := s.send(sim, a, voiceBy(c), nil)
		s.known(a, sim, c)
		again(t, s.search(first))
		s.absent(first)
		s.settled()
		s.must(s.search(first))
		s.came(first, rehearsal.Files().Voices[0].Page)
	})
	t.Run("two lines fit", func(t *testing.T) {
		s := newStage(t, plainMaker())
		sim, a := s.account(rehearsal.AccountConfig{MP: operator2014, Push: rehearsal.PushConfig{MsgIDs: rehearsal.MsgIDNew}}, noAPI)
		c := s.person(sim)
		md := s.send(sim, a, voiceBy(c), nil)
		at := time.Duration(0)
		_, err := sim.Say(rehearsal.Message{From: c.Number, Type: rehearsal.TypeVoice, Asset: rehearsal.Files().Voices[1], Skew: &at, Listing: &at}) // its push was lost
		s.must(err)
		s.settled()
		s.known(a, sim, c)
		again(t, s.search(md))
		s.absent(md)
	})
}

// TestSearch_WhatThePagesHaveNotIsPassedOver: a picture's address is last.
func TestSearch_WhatThePagesHaveNotIsPassedOver(t *testing.T) {
	for name, prepare := range map[string]func(*stage, *rehearsal.Account, *callbackd.Account){
		"no file": func(_ *stage, sim *rehearsal.Account, _ *callbackd.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Media.Empty = true })
		},
		"too old": func(s *stage, _ *rehearsal.Account, _ *callbackd.Account) { s.clock.Advance(6 * 24 * time.Hour) },
		"the account has no pages any more": func(s *stage, _ *rehearsal.Account, a *callbackd.Account) {
			a.MPWeb = nil
			s.must(s.DB.SetAccount(context.Background(), a, "test"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
			c := s.person(sim)
			shown, spoken := s.send(sim, a, pictureBy(c), nil), s.send(sim, a, voiceBy(c), nil)
			s.known(a, sim, c)
			prepare(s, sim, a)
			s.must(s.search(shown))
			s.came(shown, picture().Bytes)
			forGood(t, s.search(spoken), "")
			if got := s.media(spoken); got.Source != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestSearch_TriesAgainWhatMayWorkLater(t *testing.T) {
	for name, fault := range map[string]func(*rehearsal.OperatorFaults){
		"down":    func(f *rehearsal.OperatorFaults) { f.Down = true },
		"cut off": func(f *rehearsal.OperatorFaults) { f.Media.Cut = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
			c := s.person(sim)
			md := s.send(sim, a, voiceBy(c), nil)
			s.known(a, sim, c)
			sim.SetOperatorFaults(fault)
			again(t, s.search(md))
			s.absent(md)
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { *f = rehearsal.OperatorFaults{} })
			s.must(s.search(md))
			s.came(md, rehearsal.Files().Voices[0].Page)
		})
	}
}

// TestSearch_WaitsForAHumanOrForQuiet: no attempt is spent, and a picture does
// not wait.
func TestSearch_WaitsForAHumanOrForQuiet(t *testing.T) {
	for name, c := range map[string]struct {
		trouble     func(*rehearsal.Account)
		least, most time.Duration
	}{
		"a human": {func(sim *rehearsal.Account) {
			sim.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = true })
		}, time.Minute, time.Minute},
		"quiet": {func(sim *rehearsal.Account) { sim.ThrottleFor(time.Hour) }, time.Minute, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, plainMaker())
			sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
			p := s.person(sim)
			shown, spoken := s.send(sim, a, pictureBy(p), nil), s.send(sim, a, voiceBy(p), nil)
			s.known(a, sim, p)
			c.trouble(sim)
			waits(t, s.search(spoken), c.least, c.most)
			s.absent(spoken)
			s.must(s.search(shown))
			s.came(shown, picture().Bytes)
		})
	}
}

// TestSearch_APictureNeedNotWaitForItsSender: who is never found out keeps a
// voice, and no picture.
func TestSearch_APictureNeedNotWaitForItsSender(t *testing.T) {
	s := newStage(t, plainMaker())
	sim, a := s.account(rehearsal.AccountConfig{MP: operator2014}, noAPI)
	md := s.send(sim, a, pictureBy(s.person(sim)), nil)
	j := s.job(callbackd.JobMediaSearch, md)
	j.Attempts = 2
	again(t, s.Search(context.Background(), j))
	s.absent(md)
	j.Attempts = 3
	s.must(s.Search(context.Background(), j))
	s.came(md, picture().Bytes)
}
