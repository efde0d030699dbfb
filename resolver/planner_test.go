package resolver_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/store"
)

// by is a stage of dialect 2014 whose account uses these strategies.
func by(strategies ...callbackd.Strategy) stageOptions {
	o := stageOptions{people: 20, latency: 50 * time.Millisecond}
	o.account.Settings.Resolve = strategies
	for _, x := range strategies {
		o.account.Operator.UserPage = o.account.Operator.UserPage || x == callbackd.StrategyUserPage
		if x == callbackd.StrategyOpenID {
			o.account.MP = &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}
		}
	}
	return o
}

// wild adds what the platform's pages are like in the wild.
func (o stageOptions) wild() stageOptions {
	o.platform.PageSkew = rehearsal.Range{Min: -2 * time.Second, Max: 10 * time.Second}
	o.platform.ListingDelay = rehearsal.Range{Max: 5 * time.Second}
	return o
}

const (
	openID     = callbackd.StrategyOpenID
	msgID      = callbackd.StrategyMsgID
	userPage   = callbackd.StrategyUserPage
	createTime = callbackd.StrategyCreateTime
)

// workUntil works until a condition holds.
func (s *stage) workUntil(limit time.Duration, what string, done func() bool) time.Duration {
	s.Helper()
	began := s.Now()
	for !done() {
		if s.Now().Sub(began) > limit {
			s.Fatalf("waited %s for %s\njob: %v\npages: %v\n%s", limit, what, s.ended, s.platform.Counters(s.a.Config.Slug), s.log)
		}
		s.work(100 * time.Millisecond)
	}
	return s.Now().Sub(began)
}

// hasFace reports whether somebody's card and picture were read.
func (s *stage) hasFace(who int) func() bool {
	return func() bool {
		p, ok := s.person(who)
		return ok && !p.ReadAt.IsZero() && p.Avatar != ""
	}
}

// isPerson fails unless somebody is known as who they are.
func (s *stage) isPerson(who int) callbackd.Person {
	s.Helper()
	p, ok := s.person(who)
	c, _ := s.a.Contact(s.crowd[who])
	if !ok || p.FakeID != s.a.FakeID(c) || p.OpenID != c.OpenID {
		s.Fatalf("somebody is taken for somebody else, or for nobody: known %v", ok)
	}
	return p
}

func TestPlanner_WordsThenFace(t *testing.T) {
	for name, tc := range map[string]struct {
		o     stageOptions
		limit time.Duration
		page  string
	}{
		"msg-id":      {by(msgID), 8 * time.Second, "getcontactinfo"},
		"create-time": {by(createTime), 13 * time.Second, "getcontactinfo"},
		"user-page":   {by(userPage), 8 * time.Second, "getcontactinfo"},
		"open-id":     {by(openID), time.Second, "get_fans_info"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, tc.o.wild())
			s.says(3, text("终于开始啦"))
			s.workUntil(tc.limit, "the face", s.hasFace(3))
			p := s.isPerson(3)
			c, _ := s.a.Contact(s.crowd[3])
			if p.Profile != c.Profile || !bytes.Equal(s.picture(p), c.Avatar) {
				t.Errorf("profile or picture differ: %+v, want %+v", p.Profile, c.Profile)
			}
			s.work(2 * time.Hour)
			if cards, pictures := s.pagesRead(tc.page), s.pagesRead("getheadimg")+s.foreign; cards != 1 || pictures != 1 {
				t.Errorf("%d cards and %d pictures for one person", cards, pictures)
			}
			if n := s.pagesRead("message"); n > 5 {
				t.Errorf("%d message pages for one person", n)
			}
			if s.ended != nil {
				t.Errorf("nobody waits, and the job ends with %v", s.ended)
			}
		})
	}
}

func TestPlanner_OnePageServesEverybodyWhoWaits(t *testing.T) {
	o := by(msgID)
	o.people = 40
	s := newStage(t, o)
	for who := range s.crowd {
		s.says(who, text("大家好"))
	}
	s.work(time.Minute)
	for who := range s.crowd {
		s.isPerson(who)
	}
	if n := s.pagesRead("message"); n != 1 {
		t.Errorf("%d message pages", n)
	}
}

func TestPlanner_InARushNamesComeBeforeFaces(t *testing.T) {
	o := by(msgID)
	o.people = 40
	s := newStage(t, o)
	for who := range s.crowd {
		s.says(who, text("大家好"))
	}
	s.workUntil(2*time.Second, "all names", func() bool {
		known, err := s.db.ListPersons(ctx, s.acc.ID, true, 100)
		s.must(err)
		return len(known) == len(s.crowd)
	})
	if n := s.pagesRead("getcontactinfo"); n > 5 {
		t.Errorf("%d cards were read before the last name was there", n)
	}
	for who := range s.crowd {
		c, _ := s.a.Contact(s.crowd[who])
		if p := s.isPerson(who); p.Profile.Nickname != c.Profile.Nickname {
			t.Errorf("name %q, want %q", p.Profile.Nickname, c.Profile.Nickname)
		}
	}
}

func TestPlanner_SlicesAreShortAndLetOthersIn(t *testing.T) {
	o := by(msgID)
	o.people = 60
	s := newStage(t, o)
	for who := range s.crowd {
		s.says(who, text("大家好"))
	}
	s.pass(0)
	for range 200 {
		began := s.Now()
		s.runJob()
		if took := s.Now().Sub(began); took > 4*time.Second {
			t.Fatalf("a slice took %s", took)
		}
		due, some, err := s.db.NextJobDue(ctx, callbackd.JobResolve)
		s.must(err)
		if !some {
			break
		}
		if pause := due.Sub(s.Now()); pause < 100*time.Millisecond {
			t.Fatalf("the next slice follows after %s: nobody else gets the session", pause)
		}
		s.pass(due.Sub(s.Now()))
	}
	for who := range s.crowd {
		s.isPerson(who)
	}
}

func TestPlanner_EqualWordsInOneSecondAreNeverMatched(t *testing.T) {
	s := newStage(t, by(createTime))
	s.says(1, text("新年快乐"))
	s.says(2, text("新年快乐"))
	s.work(3 * time.Hour)
	for _, who := range []int{1, 2} {
		if _, ok := s.person(who); ok {
			t.Fatal("told by a coin")
		}
	}
	if n := s.pagesRead("message"); n > 6 {
		t.Errorf("%d message pages for what no page decides", n)
	}
	if s.slices > 30 {
		t.Errorf("%d slices for what nothing decides", s.slices)
	}
	s.restart() // what the pages left of their FakeIDs is kept
	s.says(1, text("再来一次"))
	s.workUntil(20*time.Second, "the next message to tell", s.hasFace(1))
	s.isPerson(1)
	s.says(2, text("我也是"))
	s.workUntil(20*time.Second, "the other one", s.hasFace(2))
	s.isPerson(2)
}

func TestPlanner_EarlierEvidenceNarrowsAfterARestart(t *testing.T) {
	s := newStage(t, by(createTime))
	both := func(a, b int, words string) {
		s.says(a, text(words))
		s.says(b, text(words))
		s.work(time.Minute)
	}
	both(1, 2, "新年快乐") // 1 is a or b
	s.restart()
	both(1, 3, "万事如意") // 1 is a or c: only a is in both
	s.isPerson(1)
}

func TestPlanner_SilentSubscriberHasAFaceBeforeTheFirstWord(t *testing.T) {
	s := newStage(t, by(userPage))
	more, err := s.platform.Crowd(1)
	s.must(err)
	open := s.subscribes(more[0])
	s.workUntil(5*time.Second, "the newcomer", func() bool { p, ok := s.personOf(open); return ok && p.FakeID == more[0] && p.Avatar != "" })
	if n := s.pagesRead("getcontactinfo"); n != 1 {
		t.Errorf("%d cards: the newest contact is the first to look at", n)
	}
	before := s.platform.Counters("stage")
	s.crowd = append(s.crowd, more[0])
	s.says(len(s.crowd)-1, text("我来了"))
	s.work(time.Hour)
	if after := s.platform.Counters("stage"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the first word cost pages: %v, before %v", after, before)
	}
}

func TestPlanner_ASilentSubscriberWhoIsNotFoundIsNoCrawl(t *testing.T) {
	o := by(userPage)
	o.people = 300
	s := newStage(t, o)
	cb := s.callback("oNobodyWhoIsOnAnyPage0000000", "event", s.Now())
	_, err := s.db.Accept(ctx, cb)
	s.must(err)
	s.work(24 * time.Hour)
	if n := s.pagesRead("getcontactinfo"); n == 0 || n > 40 {
		t.Errorf("%d cards were read for one who stays silent", n)
	}
	if s.ended != nil {
		t.Errorf("the search does not end: %v", s.ended)
	}
}

func TestPlanner_WithoutCardsThatTellASilentSubscriberWaitsForTheFirstWord(t *testing.T) {
	s := newStage(t, by(msgID, createTime))
	more, err := s.platform.Crowd(1)
	s.must(err)
	s.subscribes(more[0])
	s.work(time.Hour)
	if n := len(s.platform.Counters("stage")); n != 0 {
		t.Errorf("pages were read although none can tell: %v", s.platform.Counters("stage"))
	}
}

func TestPlanner_CardWithoutOpenIDIsSaidOnceAndTheNextStrategyGoesOn(t *testing.T) {
	o := by(userPage, msgID)
	o.account.Operator.UserPage = false
	s := newStage(t, o)
	s.says(1, text("大家好"))
	s.says(2, text("你们好"))
	s.workUntil(20*time.Second, "the first face", s.hasFace(1))
	s.workUntil(20*time.Second, "the second face", s.hasFace(2))
	s.restart()
	s.says(3, text("我也来"))
	s.workUntil(20*time.Second, "the third face", s.hasFace(3))
	for _, who := range []int{1, 2, 3} {
		s.isPerson(who)
	}
	if n := strings.Count(s.log.String(), "strategy user-page is passed over"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if cards, pictures := s.pagesRead("getcontactinfo"), s.pagesRead("getheadimg"); cards != 3 || pictures != 3 {
		t.Errorf("%d cards, %d pictures for three people", cards, pictures)
	}
}

func TestPlanner_UserPageConfirmsTheFewThatCreateTimeLeft(t *testing.T) {
	s := newStage(t, by(createTime, userPage))
	s.says(1, text("新年快乐"))
	s.says(2, text("新年快乐"))
	s.workUntil(20*time.Second, "the first", s.hasFace(1))
	s.workUntil(20*time.Second, "the second", s.hasFace(2))
	s.isPerson(1)
	s.isPerson(2)
	if n := s.pagesRead("getcontactinfo"); n != 2 {
		t.Errorf("%d cards for two people", n)
	}
}

func TestPlanner_OffWithoutOperatorPages(t *testing.T) {
	s := newStage(t, by(msgID))
	s.says(1, text("大家好"))
	s.pass(time.Second)
	s.acc.MPWeb = nil
	s.must(s.db.SetAccount(ctx, s.acc, "test"))
	s.work(time.Hour)
	if len(s.platform.Counters("stage")) != 0 || s.ended != nil {
		t.Errorf("pages %v, job %v", s.platform.Counters("stage"), s.ended)
	}
}

func TestPlanner_ABacklogIsLookedUpWhereItIs(t *testing.T) {
	o := by(msgID)
	o.people = 30
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	for n := range 300 { // an hour without a session; everybody says the first word at the beginning
		who := n
		if n >= len(s.crowd) {
			who = n % 5
		}
		s.says(who, text(fmt.Sprintf("第%d句", n)))
		s.work(12 * time.Second)
	}
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.work(3 * time.Minute)
	for who := range s.crowd {
		s.isPerson(who)
	}
	if n := s.pagesRead("message"); n > 12 {
		t.Errorf("%d message pages for a backlog of 300 lines", n)
	}
}

func TestPlanner_WithCreateTimeABacklogIsReadBackOnce(t *testing.T) {
	o := by(createTime)
	o.people = 30
	o.account.Operator.Login.CaptchaAlways = true
	s := newStage(t, o)
	for n := range 300 {
		s.says(n%len(s.crowd), text(fmt.Sprintf("第%d句", n)))
		s.work(4 * time.Second)
	}
	s.a.SetOperatorFaults(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = false })
	s.humanLogsIn()
	s.work(3 * time.Minute)
	for who := range s.crowd {
		s.isPerson(who)
	}
	if n := s.pagesRead("message"); n > 12 {
		t.Errorf("%d message pages", n)
	}
}

// humanLogsIn is what `callbackd account login` ends with: a session of the
// operator, found in the store.
func (s *stage) humanLogsIn() {
	s.Helper()
	own := &sessions{}
	c, err := mpweb.New(mpweb.Config{BaseURL: "http://mp.test", HTTP: s.http, Sessions: own, Now: s.Now})
	s.must(err)
	s.must(c.LoggedIn(ctx, s.acc))
	s.must(s.db.SetSession(ctx, s.acc.ID, own.b))
	s.must(s.db.Write(ctx, func(tx *store.Tx) error { return tx.EnqueueResolve(ctx, s.acc.ID, s.Now()) }))
}
