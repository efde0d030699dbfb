package resolver_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
)

func TestPlanner_FrequencyControlBetweenCardAndPictureKeepsWhatIsKnown(t *testing.T) {
	s := newStage(t, by(msgID))
	inner := s.http.Transport
	s.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := inner.RoundTrip(r)
		if r.URL.Path == "/cgi-bin/getcontactinfo" && s.odd == 0 {
			s.odd++
			s.a.ThrottleFor(time.Minute)
		}
		return res, err
	})
	s.restartPages()
	s.says(1, text("大家好"))
	s.work(30 * time.Second)
	c, _ := s.a.Contact(s.crowd[1])
	if p := s.isPerson(1); p.Profile != c.Profile || p.Avatar != "" || !p.ReadAt.IsZero() {
		t.Errorf("after the card: %+v", p)
	}
	s.work(3 * time.Hour)
	if !s.hasFace(1)() {
		t.Error("the picture never came")
	}
	if n := s.pagesRead("getcontactinfo"); n != 2 {
		t.Errorf("%d cards", n)
	}
}

func TestPlanner_PushesDoNotWakeASessionThatCanDoNothing(t *testing.T) {
	o := by(msgID)
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	s.says(0, text("大家好"))
	s.work(time.Second)
	before := s.loads
	for n := range 100 { // ten seconds of a lively evening
		s.says(n%len(s.crowd), text("热闹"))
		s.work(100 * time.Millisecond)
	}
	if n := s.loads - before; n > 20 {
		t.Errorf("the session was looked at %d times in ten seconds", n)
	}
}

func TestPlanner_WhatLiesTooDeepIsGivenUpNotReadOverAndOver(t *testing.T) {
	o := by(createTime)
	o.people = 30
	o.account.Operator.Login.CaptchaAlways = true
	o.account.Operator.MaxCount = 10 // lines of a page: 25 pages are 250
	s := newStage(t, o)
	s.says(29, text("开场白"))
	for n := range 350 {
		s.says(n%29, text("热闹"))
		s.work(time.Second)
	}
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.work(6 * time.Hour)
	if n := s.pagesRead("message"); n > 60 {
		t.Errorf("%d message pages", n)
	}
	if _, ok := s.person(29); ok {
		t.Error("found although the line is out of reach")
	}
	s.says(29, text("结束语"))
	s.workUntil(20*time.Second, "the next message", s.hasFace(29))
	s.isPerson(29)
}

func TestPlanner_ACardThatDoesNotExistIsLeftAlone(t *testing.T) {
	s := newStage(t, by(userPage))
	s.says(1, text("我走了"))
	s.pass(0)
	s.a.Unfollow(s.crowd[1])
	for who := 2; who < 20; who++ {
		s.says(who, text("我走了")) // each could be the one on that line
		s.work(10 * time.Second)
		s.isPerson(who)
	}
	if n := s.pagesRead("getcontactinfo"); n > 18+2 {
		t.Errorf("%d cards for 18 people and one who is gone", n)
	}
}

func TestPlanner_ASilentSubscriberCostsFewCardsHoweverFastThePagesAre(t *testing.T) {
	o := by(userPage)
	o.people, o.latency, o.pace = 300, 0, time.Millisecond
	s := newStage(t, o)
	_, err := s.db.Accept(ctx, s.callback("oNobodyWhoIsOnAnyPage0000000", "event", s.Now()))
	s.must(err)
	s.work(24 * time.Hour)
	if n := s.pagesRead("getcontactinfo"); n == 0 || n > 40 {
		t.Errorf("%d cards", n)
	}
}

func TestPlanner_StrategiesHaveTheirTurnInTheAccountsOrder(t *testing.T) {
	s := newStage(t, by(createTime, userPage))
	s.says(1, text("大家好"))
	s.work(5500 * time.Millisecond)
	if n := s.pagesRead("getcontactinfo"); n != 0 {
		t.Errorf("%d cards before create-time had its turn", n)
	}
	s.workUntil(10*time.Second, "the face", s.hasFace(1))

	// A line that was read for somebody else gives nobody his turn before its time.
	s = newStage(t, by(createTime, userPage))
	s.says(1, text("大家好"))
	s.work(5 * time.Second)
	s.says(2, text("你们好"))
	s.workUntil(5*time.Second, "the first face", s.hasFace(1))
	s.work(2 * time.Second)
	if n := s.pagesRead("getcontactinfo"); n != 1 {
		t.Errorf("%d cards before create-time had its turn with the second", n)
	}

	s = newStage(t, by(userPage, createTime))
	s.says(1, text("大家好"))
	s.workUntil(5*time.Second, "the face, by user-page", s.hasFace(1))
}

func TestPlanner_PausesBetweenReadingsHoweverManyCome(t *testing.T) {
	for _, tc := range []struct {
		o   stageOptions
		gap time.Duration
	}{{by(msgID), 1500 * time.Millisecond}, {by(createTime), 3 * time.Second}} { // the latter reads two pages at a time
		tc.o.people = 40
		tc.o.platform.ListingDelay = rehearsal.Range{Min: 4 * time.Second, Max: 5 * time.Second}
		s := newStage(t, tc.o)
		for who := range 30 { // one newcomer a second
			s.says(who, text("大家好"))
			s.work(time.Second)
		}
		took := s.Now().Sub(stageStart)
		if n, most := s.pagesRead("message"), int(took/tc.gap)+2; n > most {
			t.Errorf("%v: %d message pages in %s, at most %d", tc.o.account.Settings.Resolve, n, took, most)
		}
	}
}

func TestPlanner_OfOneWhoTalksALotTheLastWordIsReachedToo(t *testing.T) {
	o := by(msgID)
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	f := rehearsal.Files()
	for range 45 { // recognised voices carry no id
		s.says(1, rehearsal.Message{Type: rehearsal.TypeVoice, Asset: f.Voices[0], Recognition: &f.Voices[0].Words})
		s.work(time.Second)
	}
	s.says(1, text("现在打字"))
	s.work(10 * time.Second)
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.workUntil(8*time.Second, "the face", s.hasFace(1))
	s.isPerson(1)
}

func TestPlanner_EarlierEvidenceThatTurnedOutWrongIsForgotten(t *testing.T) {
	s := newStage(t, by(createTime))
	s.says(1, text("大家好"))
	s.pass(0)
	seekers, err := s.db.ListSeekers(ctx, s.acc.ID, s.Now(), 10)
	s.must(err)
	wrong := []callbackd.FakeID{s.crowd[2], s.crowd[3]}
	s.must(s.db.SetSearches(ctx, []store.Search{{Sender: seekers[0].ID, Seen: seekers[0].DueAt, Due: seekers[0].DueAt, Candidates: wrong}}))
	for i, f := range wrong { // both are others by now
		open := callbackd.OpenID([]string{"oSomebodyElseOfThisAccount0", "oSomebodyElseOfThisAccount1"}[i])
		s.must(s.db.SetPerson(ctx, s.acc.ID, store.Resolution{FakeID: f, OpenID: open, Profile: callbackd.Profile{Nickname: "别人"}, ReadAt: s.Now()}))
	}
	s.workUntil(20*time.Second, "the face", s.hasFace(1))
	s.isPerson(1)
}

func TestPlanner_EvidenceThatContradictsItselfIsForgottenWhole(t *testing.T) {
	s := newStage(t, by(createTime))
	s.says(1, text("大家好"))
	s.pass(0)
	seekers, err := s.db.ListSeekers(ctx, s.acc.ID, s.Now(), 10)
	s.must(err)
	s.must(s.db.SetSearches(ctx, []store.Search{{Sender: seekers[0].ID, Seen: seekers[0].DueAt, Due: seekers[0].DueAt,
		Candidates: []callbackd.FakeID{s.crowd[2], s.crowd[3]}}}))
	s.work(time.Minute)
	if _, ok := s.person(1); ok {
		t.Error("told although the evidence contradicts itself")
	}
	for range 2 { // what is left to be looked at speaks for itself
		s.pass(11 * time.Minute)
		s.says(1, text("再来一次"))
		s.work(time.Minute)
	}
	s.isPerson(1)
}

func TestPlanner_WhoIsKnownIsNobodyElseAlthoughTheirPushWasLost(t *testing.T) {
	s := newStage(t, by(createTime))
	c, _ := s.a.Contact(s.crowd[2])
	s.must(s.db.SetPerson(ctx, s.acc.ID, store.Resolution{FakeID: s.crowd[2], OpenID: c.OpenID, Profile: c.Profile, ReadAt: s.Now()}))
	_, err := s.a.Say(rehearsal.Message{From: s.crowd[2], Content: "新年快乐"}) // listed, never pushed
	s.must(err)
	s.says(1, text("新年快乐"))
	s.workUntil(13*time.Second, "the only one who is left", s.hasFace(1))
	s.isPerson(1)
}

func TestPlanner_AConflictWithAnotherProcessHoldsNobodyUp(t *testing.T) {
	s := newStage(t, by(msgID))
	inner := s.http.Transport
	s.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := inner.RoundTrip(r)
		if r.URL.Path == "/cgi-bin/getcontactinfo" && s.odd == 0 { // meanwhile, elsewhere
			s.odd++
			s.must(s.db.SetPerson(ctx, s.acc.ID, store.Resolution{FakeID: s.crowd[1], OpenID: "oSomebodyElseOfThisAccount0",
				Profile: callbackd.Profile{Nickname: "别人"}, ReadAt: s.Now()}))
		}
		return res, err
	})
	s.restartPages()
	s.says(1, text("大家好"))
	s.pass(100 * time.Millisecond)
	s.says(2, text("你们好"))
	s.work(100 * time.Millisecond)
	var z *callbackd.SnoozeError
	if s.ended != nil && !errors.As(s.ended, &z) {
		t.Errorf("the slice ended with %v", s.ended)
	}
	s.workUntil(5*time.Second, "the other one's face", s.hasFace(2))
	s.work(3 * time.Hour)
	if _, ok := s.person(1); ok {
		t.Error("a FakeID was given away twice")
	}
}

func TestPlanner_AnIDThatIsOnNoPageIsNotLookedForForEver(t *testing.T) {
	s := newStage(t, by(msgID))
	r := s.says(1, text("大家好"))
	s.mu.Lock()
	s.events = s.events[:0]
	s.mu.Unlock()
	r.MsgID = uint64(r.CreatedAt.Unix())<<32 | 4711
	s.push(r)
	s.says(2, text("你们好"))
	s.work(24 * time.Hour)
	if n := s.pagesRead("message"); n > 12 {
		t.Errorf("%d message pages for an id that is nowhere", n)
	}
	if s.ended != nil {
		t.Errorf("the search does not end: %v", s.ended)
	}
}

func TestPlanner_WhatThePagesKeepNoLongerIsNotLookedFor(t *testing.T) {
	o := by(msgID, createTime)
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	s.says(1, text("大家好"))
	s.work(6 * 24 * time.Hour)
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.work(24 * time.Hour)
	if n := s.pagesRead("message"); n > 5 {
		t.Errorf("%d message pages for a line that is gone", n)
	}
	s.says(1, text("还在"))
	s.workUntil(20*time.Second, "the next message", s.hasFace(1))
	s.isPerson(1)
}
