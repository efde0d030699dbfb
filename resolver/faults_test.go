package resolver_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
)

func TestPlanner_TakesUpASessionThatEndsMidSearch(t *testing.T) {
	for _, look := range []rehearsal.LostLook{rehearsal.LookRet3, rehearsal.LookRet200003, rehearsal.LookRet20000, rehearsal.LookHTML} {
		for _, requests := range []int{0, 1, 2} { // before the message page, the card, the picture
			o := by(msgID)
			o.account.Operator.Session.Look = look
			s := newStage(t, o)
			s.says(1, text("大家好"))
			s.work(10 * time.Second)
			served := s.requests()
			s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Session.Requests = served + requests })
			s.says(2, text("你们好"))
			s.workUntil(6*time.Second, "the face after look "+string(look), s.hasFace(2))
			s.isPerson(2)
			if n := s.a.Logins(); n != 2 {
				t.Errorf("look %q: %d logins", look, n)
			}
			if n := s.pagesRead("getcontactinfo"); n > 3 {
				t.Errorf("look %q: %d cards for two people and one lost session", look, n)
			}
		}
	}
}

// requests counts what the session has served.
func (s *stage) requests() int {
	return s.pagesRead("message") + s.pagesRead("getcontactinfo") + s.pagesRead("getheadimg") + s.pagesRead("home")
}

func TestPlanner_ACaptchaIsATaskForAHumanAndNothingHammers(t *testing.T) {
	o := by(msgID)
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	for who := range 10 {
		s.says(who, text("大家好"))
		s.work(6 * time.Minute)
	}
	if n := s.pagesRead("login"); n != 1 {
		t.Errorf("%d logins against a captcha", n)
	}
	var z *callbackd.SnoozeError
	if !errors.As(s.ended, &z) || z.After < 30*time.Second || z.After > 2*time.Minute {
		t.Errorf("the job ends with %v", s.ended)
	}
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.work(time.Minute)
	for who := range 10 {
		s.isPerson(who)
	}
}

func TestPlanner_FrequencyControlIsSatOut(t *testing.T) {
	s := newStage(t, by(msgID))
	s.says(1, text("大家好"))
	s.work(10 * time.Second)
	s.a.ThrottleFor(40 * time.Minute)
	s.says(2, text("你们好"))
	s.work(time.Second)
	before := s.pagesRead("message")
	for who := 3; who < 12; who++ {
		s.says(who, text("热闹"))
		s.work(5 * time.Minute)
	}
	if n := s.pagesRead("message"); n != before {
		t.Errorf("%d requests while the platform wants quiet", n-before)
	}
	s.work(2 * time.Hour)
	for who := 1; who < 12; who++ {
		s.isPerson(who)
	}
}

func TestPlanner_PagesThatAreDownAreAskedAgain(t *testing.T) {
	s := newStage(t, by(msgID))
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = true })
	s.says(1, text("大家好"))
	s.work(10 * time.Second)
	if s.ended == nil || errors.As(s.ended, new(*callbackd.SnoozeError)) {
		t.Fatalf("pages that are down are no error: %v", s.ended)
	}
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Down = false })
	s.workUntil(10*time.Second, "the face", s.hasFace(1))
	s.isPerson(1)
}

func TestPlanner_WhoUnfollowedKeepsTheNameOfTheMessagePage(t *testing.T) {
	s := newStage(t, by(msgID))
	s.says(1, text("我走了"))
	s.pass(0)
	s.a.Unfollow(s.crowd[1])
	s.work(time.Hour)
	c, _ := s.a.Contact(s.crowd[1])
	if p := s.isPerson(1); p.Profile.Nickname != c.Profile.Nickname || !p.ReadAt.IsZero() {
		t.Errorf("%+v", p)
	}
	if n := s.pagesRead("getcontactinfo"); n > 2 {
		t.Errorf("%d cards of one who is gone", n)
	}
	_, err := s.a.Follow(s.crowd[1], s.Now())
	s.must(err)
	s.says(1, text("我回来了"))
	s.workUntil(10*time.Second, "the face of one who came back", s.hasFace(1))
}

func TestPlanner_AFakeIDOfAnotherOpenIDIsNobodyElses(t *testing.T) {
	s := newStage(t, by(msgID, createTime))
	other := store.Resolution{FakeID: s.crowd[1], OpenID: "oAnotherPersonOfThisAccount0", Profile: callbackd.Profile{Nickname: "别人"}, ReadAt: s.Now()}
	s.must(s.db.SetPerson(ctx, s.acc.ID, other))
	s.says(1, text("大家好"))
	s.work(2 * time.Hour)
	if _, ok := s.person(1); ok {
		t.Error("a FakeID was given away twice")
	}
	if p, _ := s.personOf(other.OpenID); p.FakeID != other.FakeID || p.Profile.Nickname != "别人" {
		t.Errorf("its owner is %+v now", p)
	}
	if s.slices > 60 {
		t.Errorf("%d slices", s.slices)
	}
}

func TestPlanner_AnOpenIDOfAnotherFakeIDStaysWhoItIs(t *testing.T) {
	s := newStage(t, by(openID))
	c, _ := s.a.Contact(s.crowd[1])
	s.says(1, text("大家好"))
	s.pass(0)
	s.must(s.db.SetPerson(ctx, s.acc.ID, store.Resolution{FakeID: "844735403", OpenID: c.OpenID, Profile: callbackd.Profile{Nickname: "旧名"}}))
	s.must(s.db.UnsetPerson(ctx, s.acc.ID, "844735403", "oNotHis"))
	s.work(time.Hour)
	if p, _ := s.person(1); p.FakeID != "844735403" {
		t.Error("an openID changed its FakeID")
	}
}

// forge makes a push whose evidence names another person: same second, same
// words, and the low word of the other one's entry.
func (s *stage) forge(from, entryOf int) {
	s.Helper()
	s.says(entryOf, text("一样的话"))
	r := s.says(from, text("一样的话"))
	truth := s.a.Truth()
	other := truth[len(truth)-2]
	s.mu.Lock()
	s.events = s.events[:0] // neither is pushed as it was
	s.mu.Unlock()
	r.MsgID = uint64(r.CreatedAt.Unix())<<32 | uint64(other.ConsoleID)
	s.push(r)
}

func TestPlanner_TheCardIsRightWhereItContradictsTheEvidence(t *testing.T) {
	for name, rush := range map[string]int{"one": 0, "in a rush": 8} {
		t.Run(name, func(t *testing.T) {
			o := by(msgID)
			o.account.Operator.UserPage = true
			s := newStage(t, o)
			s.forge(1, 2)
			for who := 10; who < 10+rush; who++ {
				s.says(who, text("热闹"))
			}
			s.work(5 * time.Minute)
			if p, ok := s.person(1); ok {
				t.Errorf("shown as somebody else: %v", p.FakeID == s.crowd[2])
			}
			if p := s.isPerson(2); p.Avatar == "" {
				t.Error("the card's own person got no face")
			}
			for who := 10; who < 10+rush; who++ {
				s.isPerson(who)
			}
		})
	}
}

func TestPlanner_ProfilesOlderThan30DaysAreReadAgainWhenTheirPersonSpeaks(t *testing.T) {
	s := newStage(t, by(msgID))
	s.says(1, text("大家好"))
	s.workUntil(10*time.Second, "the face", s.hasFace(1))
	s.must(s.platform.SetProfile(s.crowd[1], func(f *rehearsal.Follower) { f.Profile.Nickname, f.Profile.City = "新名字", "" }))
	s.pass(29 * 24 * time.Hour)
	s.says(1, text("还是我"))
	s.work(time.Hour)
	if n := s.pagesRead("getcontactinfo"); n != 1 {
		t.Errorf("a fresh profile was read again: %d cards", n)
	}
	city := s.isPerson(1).Profile.City
	s.pass(2 * 24 * time.Hour)
	s.work(time.Hour)
	if n := s.pagesRead("getcontactinfo"); n != 1 {
		t.Errorf("an old profile was read although its person is silent: %d cards", n)
	}
	s.says(1, text("又是我"))
	s.work(time.Hour)
	if p := s.isPerson(1); p.Profile.Nickname != "新名字" || p.Profile.City != city {
		t.Errorf("%+v, the city was %q", p.Profile, city)
	}
	if n, m := s.pagesRead("getcontactinfo"), s.pagesRead("message"); n != 2 || m > 2 {
		t.Errorf("%d cards, %d message pages", n, m)
	}
	s.must(s.platform.SetProfile(s.crowd[1], func(f *rehearsal.Follower) { f.Profile.Nickname = "" }))
	s.pass(31 * 24 * time.Hour)
	s.says(1, text("没有名字了"))
	s.work(time.Hour)
	if p := s.isPerson(1); p.Profile.Nickname != "新名字" {
		t.Errorf("an empty nickname became %q", p.Profile.Nickname)
	}
}

func TestPlanner_ACrashBetweenCardAndStoreCostsOneMoreCard(t *testing.T) {
	o := by(msgID)
	crashes := 1
	o.face = func(_ context.Context, raw []byte) ([]byte, string, error) {
		if crashes--; crashes >= 0 {
			panic("killed")
		}
		return raw, "image/jpeg", nil
	}
	s := newStage(t, o)
	s.says(1, text("大家好"))
	s.pass(0)
	func() {
		defer func() { _ = recover() }()
		s.runJob()
	}()
	if _, ok := s.person(1); ok {
		t.Error("half a person was stored")
	}
	s.restart()
	_, err := s.db.RescueJobs(ctx, "node")
	s.must(err)
	s.workUntil(10*time.Second, "the face", s.hasFace(1))
	s.isPerson(1)
	if n := s.pagesRead("getcontactinfo"); n != 2 {
		t.Errorf("%d cards", n)
	}
}

func TestPlanner_TheJobMayRunAnyNumberOfTimes(t *testing.T) {
	s := newStage(t, by(msgID))
	s.says(1, text("大家好"))
	s.work(time.Minute)
	pages := s.requests()
	rev, err := s.db.GetRev(ctx, s.acc.ID)
	s.must(err)
	for range 5 {
		s.must(s.db.Write(ctx, func(tx *store.Tx) error { return tx.EnqueueResolve(ctx, s.acc.ID, s.Now()) }))
		s.work(time.Minute)
	}
	after, err := s.db.GetRev(ctx, s.acc.ID)
	s.must(err)
	if s.requests() != pages || rev != after || s.ended != nil {
		t.Errorf("pages %d → %d, rev %d → %d, %v", pages, s.requests(), rev, after, s.ended)
	}
}

func TestPlanner_PicturesOfOtherHosts(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  func(*http.Request) (*http.Response, error)
		face    bool
		ageDays int // how old the profile is taken to be
	}{
		"there":     {nil, true, 0},
		"forbidden": {func(*http.Request) (*http.Response, error) { return nil, callbackd.ErrForbidden }, false, 0},
		"gone":      {status(http.StatusNotFound), false, 0},
		"down":      {status(http.StatusBadGateway), false, 29},
		"no answer": {func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }, false, 29},
		"too large": {func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: body(strings.Repeat("x", 6<<20))}, nil
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := by(openID)
			if tc.answer != nil {
				o.outbound = &http.Client{Transport: roundTrip(tc.answer)}
			}
			s := newStage(t, o)
			s.says(1, text("大家好"))
			s.work(time.Minute)
			p := s.isPerson(1)
			if (p.Avatar != "") != tc.face {
				t.Errorf("face: %v", p.Avatar != "")
			}
			if age := int(s.Now().Sub(p.ReadAt) / (24 * time.Hour)); age != tc.ageDays {
				t.Errorf("the profile counts as %d days old, want %d", age, tc.ageDays)
			}
			if strings.Contains(s.log.String(), "mmopen") {
				t.Error("a picture's address is in the log")
			}
		})
	}
}

func TestPlanner_APictureThatCannotBeShownIsNone(t *testing.T) {
	o := by(msgID)
	o.face = func(context.Context, []byte) ([]byte, string, error) { return nil, "", errors.New("no picture") }
	s := newStage(t, o)
	s.says(1, text("大家好"))
	s.work(time.Hour)
	if p := s.isPerson(1); p.Avatar != "" || p.ReadAt.IsZero() || p.Profile.Nickname == "" {
		t.Errorf("%+v", p)
	}
	if n := s.pagesRead("getheadimg"); n != 1 {
		t.Errorf("%d pictures", n)
	}
}

func TestPlanner_WhatIsKeptOfAPictureIsWhatWasMadeOfIt(t *testing.T) {
	o := by(msgID)
	o.face = func(context.Context, []byte) ([]byte, string, error) { return []byte("made"), "image/png", nil }
	s := newStage(t, o)
	s.says(1, text("大家好"))
	s.work(time.Minute)
	p := s.isPerson(1)
	a, err := s.db.GetAvatar(ctx, p.Avatar)
	s.must(err)
	if a.Type != "image/png" || a.Size != 4 || !bytes.Equal(s.picture(p), []byte("made")) {
		t.Errorf("%+v", a)
	}
}

func TestPlanner_NoNameIDOrWordIsLogged(t *testing.T) {
	o := by(msgID, userPage, createTime).wild()
	o.account.Settings.Owner = "acme"
	s := newStage(t, o)
	s.forge(1, 2)
	for who := 3; who < 20; who++ {
		s.says(who, text("不要记下来"))
	}
	s.work(time.Minute)
	s.a.EndSession()
	s.a.ThrottleFor(time.Minute)
	s.says(4, text("不要记下来"))
	s.says(1, text("不要记下来"))
	s.work(3 * time.Hour)
	log := s.log.String()
	if log == "" {
		t.Fatal("nothing was logged at all")
	}
	for who := range s.crowd {
		c, _ := s.a.Contact(s.crowd[who])
		for _, secret := range []string{string(c.OpenID), string(c.Number), c.Profile.Nickname, "不要记下来", "一样的话"} {
			if strings.Contains(log, secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	}
}

func status(code int) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Body: body("")}, nil
	}
}

func TestPlanner_ACardThatCannotBeReadHoldsNobodyUp(t *testing.T) {
	o := by(msgID)
	s := newStage(t, o)
	odd := s.crowd[1]
	s.http.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/cgi-bin/getcontactinfo" {
			if err := r.ParseForm(); err != nil {
				return nil, err
			}
			if r.PostForm.Get("fakeid") == string(odd) {
				s.odd++
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body(`{"base_resp":{"ret":-7}}`), Request: r}, nil
			}
			r.Body = body(r.PostForm.Encode())
		}
		return s.inProcess(0).RoundTrip(r)
	})
	s.restartPages()
	for who := 1; who < 4; who++ {
		s.says(who, text("大家好"))
		s.pass(time.Second)
	}
	s.workUntil(10*time.Second, "the face of the next one", s.hasFace(2))
	s.workUntil(10*time.Second, "the face of the one after", s.hasFace(3))
	s.work(48 * time.Hour)
	c, _ := s.a.Contact(odd)
	if p := s.isPerson(1); p.Profile.Nickname != c.Profile.Nickname {
		t.Errorf("the name of the message page is lost: %+v", p)
	}
	if s.odd < 2 || s.odd > 8 {
		t.Errorf("a card that cannot be read was asked for %d times in two days", s.odd)
	}
}
