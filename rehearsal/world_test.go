package rehearsal

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"callbackd"
)

func TestMsgID_Schemes(t *testing.T) {
	words, none := "你好。", ""
	voice := Files().Voices[0]
	for _, c := range []struct {
		name   string
		scheme MsgIDScheme
		m      Message
		is     func(r Record) bool
	}{
		{"old", MsgIDOld, Message{Content: "x"}, func(r Record) bool {
			return r.MsgID>>32 == uint64(r.CreatedAt.Unix()) && uint32(r.MsgID) == r.ConsoleID
		}},
		{"new", MsgIDNew, Message{Content: "x"}, func(r Record) bool {
			return r.MsgID>>32 == uint64(r.CreatedAt.Unix())/300 && uint32(r.MsgID) != r.ConsoleID
		}},
		{"recognised voice, old", MsgIDOld, Message{Type: TypeVoice, Asset: voice, Recognition: &words}, func(r Record) bool {
			return r.MsgID == uint64(r.CreatedAt.Unix())<<32
		}},
		{"recognised voice, new", MsgIDNew, Message{Type: TypeVoice, Asset: voice, Recognition: &words}, func(r Record) bool {
			return r.MsgID == uint64(r.CreatedAt.Unix())<<32
		}},
		{"voice with nothing recognised", MsgIDOld, Message{Type: TypeVoice, Asset: voice, Recognition: &none}, func(r Record) bool {
			return uint32(r.MsgID) == r.ConsoleID
		}},
	} {
		s := newStage(t, Options{}, AccountConfig{Push: PushConfig{MsgIDs: c.scheme}})
		if r := s.say(t, c.m); !c.is(r) {
			t.Errorf("%s: msgid %x, console id %x, created %x", c.name, r.MsgID, r.ConsoleID, r.CreatedAt.Unix())
		}
	}
}

func TestMsgID_RecognisedVoicesOfOneSecondCollide(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	words := "好"
	m := Message{Type: TypeVoice, Asset: Files().Voices[0], Recognition: &words}
	if a, b := s.say(t, m), s.say(t, m); a.MsgID != b.MsgID || a.ConsoleID == b.ConsoleID {
		t.Errorf("%x and %x", a.MsgID, b.MsgID)
	}
}

func TestRecords_FollowTheClock(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	skew, listing := 7*time.Second, 4*time.Second
	s.say(t, Message{Content: "one", Skew: &skew, Listing: &listing})
	if n := len(s.a.Records(Query{})); n != 0 {
		t.Errorf("listed at once: %d", n)
	}
	s.clock.Add(listing)
	list := s.a.Records(Query{})
	if len(list) != 1 || !list[0].ConsoleAt.Equal(list[0].CreatedAt.Add(skew)) {
		t.Fatalf("%+v", list)
	}
	if _, ok := s.a.Record(list[0].ConsoleID); !ok {
		t.Error("not found by its id")
	}
	s.clock.Add(pageDays + skew - listing)
	if n := len(s.a.Records(Query{})); n != 1 {
		t.Errorf("five days later: %d", n)
	}
	s.clock.Add(time.Second)
	if n := len(s.a.Records(Query{})); n != 0 {
		t.Errorf("more than five days later: %d", n)
	}
	if n := len(s.a.Truth()); n != 1 {
		t.Errorf("truth: %d", n)
	}
}

func TestRecords_NewestFirstWithinBounds(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{MP: &MPConfig{Dialect: callbackd.Dialect2014}})
	more, err := s.Crowd(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.a.FollowAll(more, time.Time{}); err != nil {
		t.Fatal(err)
	}
	first := s.say(t, Message{Content: "one"})
	if _, err := s.a.Say(Message{From: more[0], Content: "two"}); err != nil {
		t.Fatal(err)
	}
	s.say(t, Message{Content: "three"})
	said := func(q Query) string {
		var out []string
		for _, r := range s.a.Records(q) {
			out = append(out, r.Content)
		}
		return strings.Join(out, " ")
	}
	for want, q := range map[string]Query{
		"three two one": {}, "three two": {Limit: 2}, "two one": {From: first.ConsoleID + 1},
		"three one": {FakeID: s.number}, "two": {FakeID: more[0]},
	} {
		if got := said(q); got != want {
			t.Errorf("%+v: %q, want %q", q, got, want)
		}
	}
}

func TestSkewAndDelays_StayInTheirRanges(t *testing.T) {
	o := Options{
		PageSkew: Range{-2 * time.Second, 10 * time.Second}, ListingDelay: Range{0, 5 * time.Second}, PushDelay: Range{0, 10 * time.Second},
	}
	s := newStage(t, o, AccountConfig{})
	seen := map[time.Duration]bool{}
	for range 400 {
		r := s.say(t, Message{Content: "x"})
		skew := r.ConsoleAt.Sub(r.CreatedAt)
		seen[skew] = true
		if push, list := r.PushAt.Sub(r.SaidAt), r.ListedAt.Sub(r.PushAt); skew < -2*time.Second || skew > 10*time.Second ||
			push < 0 || push > 10*time.Second || list < 0 || list > 5*time.Second {
			t.Fatalf("skew %s, push %s, listing %s", skew, push, list)
		}
	}
	if len(seen) != 13 {
		t.Errorf("%d different skews, want all 13", len(seen))
	}
}

func TestIdentity_ShapesOfIds(t *testing.T) {
	p := New(Options{Seed: 3, Now: newClock().Now})
	crowd, err := p.Crowd(300)
	if err != nil {
		t.Fatal(err)
	}
	var accounts []*Account
	for _, slug := range []callbackd.Slug{"one", "two"} {
		a, err := p.AddAccount(AccountConfig{Slug: slug, MP: &MPConfig{Dialect: callbackd.Dialect2016}})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.FollowAll(crowd, time.Time{}); err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
	}
	number, open := regexp.MustCompile(`^[1-9][0-9]{6,9}$`), regexp.MustCompile(`^o[A-Za-z0-9_-]{27}$`)
	seen := map[callbackd.OpenID]bool{}
	for _, n := range crowd {
		a, _ := accounts[0].Contact(n)
		b, _ := accounts[1].Contact(n)
		if !number.MatchString(string(n)) || !open.MatchString(string(a.OpenID)) || a.OpenID == b.OpenID || seen[a.OpenID] {
			t.Fatalf("number %s, openIDs %s and %s", n, a.OpenID, b.OpenID)
		}
		seen[a.OpenID] = true
		if accounts[0].FakeID(a) != callbackd.FakeID(a.OpenID) {
			t.Error("dialect 2016: FakeID is not the openID")
		}
		if c, ok := accounts[0].ContactByFakeID(callbackd.FakeID(a.OpenID)); !ok || c.Number != n {
			t.Error("not found by FakeID")
		}
		if a.OpenID[:6] != accounts[0].Contacts()[0].OpenID[:6] {
			t.Error("openIDs of one account share no prefix")
		}
	}
	for _, a := range accounts {
		c := a.Config
		if !regexp.MustCompile(`^gh_[0-9a-f]{12}$`).MatchString(c.OriginalID) || !regexp.MustCompile(`^wx[0-9a-f]{16}$`).MatchString(c.AppID) ||
			len(c.AppSecret) != 32 || len(c.AESKey) != 43 {
			t.Errorf("%+v", c)
		}
	}
}

func TestContacts_NewestFollowFirst(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	more, err := s.Crowd(2)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []callbackd.FakeID{more[0], more[1], s.number} { // all within one second
		if _, err := s.a.Follow(n, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	s.a.Unfollow(more[1])
	list := s.a.Contacts()
	if len(list) != 2 || list[0].Number != s.number || list[1].Number != more[0] {
		t.Errorf("%+v", list)
	}
}

func TestSay_OnlyFollowersCan(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.a.Unfollow(s.number)
	if _, err := s.a.Say(Message{From: s.number, Content: "x"}); !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("who has left: %v", err)
	}
	if _, err := s.a.Say(Message{From: "1", Content: "x"}); !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := s.a.Follow(s.number, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.a.Say(Message{From: s.number, Type: TypeVoice}); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("voice without a file: %v", err)
	}
}

func TestAddAccount_RefusesEqualNamesAndBadSlugs(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	if _, err := s.AddAccount(AccountConfig{Slug: "stage"}); !errors.Is(err, callbackd.ErrConflict) {
		t.Errorf("same slug: %v", err)
	}
	if _, err := s.AddFollower(Follower{Number: s.number}); !errors.Is(err, callbackd.ErrConflict) {
		t.Errorf("same number: %v", err)
	}
	if _, err := s.AddAccount(AccountConfig{Slug: "Stage!"}); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("bad slug: %v", err)
	}
}

func TestAccountJSON_HasTheKeysOfTheContract(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{
		Name:     "春晚现场",
		Mode:     callbackd.ModeSafe,
		MP:       &MPConfig{Dialect: callbackd.Dialect2014},
		Settings: Settings{Moderation: callbackd.ModerationOpen, JoinURL: "http://weixin.qq.com/r/x", Owner: "us", Resolve: []callbackd.Strategy{callbackd.StrategyUserPage}},
	})
	var m map[string]any
	if err := json.Unmarshal(s.a.JSON(), &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"name", "original_id", "app_id", "app_secret", "token", "aes_key", "mode", "moderation", "join_url", "owner", "mpweb", "resolve"} {
		if m[k] == nil || m[k] == "" {
			t.Errorf("%s is missing", k)
		}
	}
	mp, _ := m["mpweb"].(map[string]any)
	if mp["username"] == "" || mp["password"] == "" || mp["dialect"] != "2014" {
		t.Errorf("mpweb %v", mp)
	}
	bare := newStage(t, Options{}, AccountConfig{Mode: callbackd.ModePlain, API: APIConfig{None: true}})
	m = nil
	if err := json.Unmarshal(bare.a.JSON(), &m); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"app_id", "app_secret", "aes_key", "mpweb"} {
		if m[k] != nil {
			t.Errorf("%s is there", k)
		}
	}
}

func TestCounters_PerAccountAndPage(t *testing.T) {
	s := newStage(t, Options{}, AccountConfig{})
	s.works(t, s.token(t))
	c := s.Counters("stage")
	if c["/cgi-bin/stable_token"] != 1 || c["/cgi-bin/getcallbackip"] != 1 {
		t.Errorf("%v", c)
	}
	s.ResetCounters()
	if n := len(s.Counters("stage")); n != 0 {
		t.Errorf("after reset: %d", n)
	}
}
