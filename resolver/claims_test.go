package resolver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/resolver"
	"callbackd/store"
	"callbackd/wechat"
)

// Claims D1–D12 are those of CN103501265A: first the method, then the device,
// whose modules here know of each other by stored rows alone.

// endpoint receives real pushes over HTTP: the account is named by the URL, the
// push is opened with that account's keys, and stored with the search it causes.
func (s *stage) endpoint() *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.Errorf("read push: %v", err)
		}
		slug := callbackd.Slug(strings.TrimPrefix(r.URL.Path, "/callback/"))
		acc, err := s.db.GetAccount(ctx, slug)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		p, err := wechat.Open(acc, r.URL.Query(), body, s.Now())
		if err != nil {
			s.Errorf("open push: %v", err)
			return
		}
		cb := &store.Callback{Account: acc, Key: p.Key(), ReceivedAt: s.Now(), CreateTime: time.Unix(p.CreateTime, 0), Outcome: store.OutcomeAccepted,
			MsgType: p.MsgType, Event: p.Event, From: p.From, Raw: p.Raw, Search: true}
		if kind, words, ok := p.Message(); ok {
			cb.Message = &callbackd.Message{Kind: kind, Text: words, SentAt: cb.CreateTime, MsgID: p.MsgID}
		}
		if _, err := s.db.Accept(ctx, cb); err != nil {
			s.Errorf("store push: %v", err)
		}
		_, _ = io.WriteString(w, "success")
	}))
	s.Cleanup(server.Close)
	return server
}

// sends pushes a message over HTTP, as the platform does.
func (s *stage) sends(a *rehearsal.Account, who int, words string) {
	s.Helper()
	_, v, err := a.Push(ctx, rehearsal.Message{From: s.crowd[who], Content: words}, rehearsal.SendOptions{})
	s.must(err)
	if v.Outcome != rehearsal.OutcomeSuccess {
		s.Fatalf("the push was answered with %q", v.Outcome)
	}
}

func TestClaimD1_APushLeadsOverTheAccountInItsURLToTheSendersInformation(t *testing.T) {
	s := newStage(t, by(createTime))
	other := s.account(rehearsal.AccountConfig{Slug: "other", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}})
	s.register(other, nil)
	s.must(other.FollowAll(s.crowd, s.Now()))
	server := s.endpoint()
	s.a.SetCallbackURL(server.URL + "/callback/stage")
	other.SetCallbackURL(server.URL + "/callback/other")

	s.sends(s.a, 5, "我想上墙")
	s.workUntil(13*time.Second, "the sender's information", s.hasFace(5))
	c, _ := s.a.Contact(s.crowd[5])
	if p := s.isPerson(5); p.Profile != c.Profile {
		t.Errorf("information %+v, want %+v", p.Profile, c.Profile)
	}
	if s.a.Logins() != 1 || other.Logins() != 0 {
		t.Errorf("%d logins as the account of the URL, %d as another", s.a.Logins(), other.Logins())
	}
}

func TestClaimD2_AKnownSenderIsTakenFromTheStoreWithoutARequest(t *testing.T) {
	s := newStage(t, by(createTime))
	s.a.SetCallbackURL(s.endpoint().URL + "/callback/stage")
	s.sends(s.a, 5, "我想上墙")
	s.workUntil(13*time.Second, "the face", s.hasFace(5))
	asked := s.requests()
	for range 10 {
		s.sends(s.a, 5, "又是我")
		s.work(time.Minute)
	}
	if n := s.requests(); n != asked {
		t.Errorf("%d requests for a known sender", n-asked)
	}
	_, rows, err := s.db.ListShown(ctx, s.acc.ID, store.Span{Limit: 200})
	s.must(err)
	for _, r := range rows {
		if r.Person == nil || r.Person.FakeID != s.crowd[5] {
			t.Error("a message of a known sender has no person")
		}
	}
}

func TestClaimD3_TheUserPagesOfThoseNotYetKnownAreReadUntilTheOpenIDMatches(t *testing.T) {
	s := newStage(t, by(userPage))
	more, err := s.platform.Crowd(3)
	s.must(err)
	open := s.subscribes(more[0]) // two others follow after; none of the three says a word
	_, err = s.a.Follow(more[1], s.Now())
	s.must(err)
	_, err = s.a.Follow(more[2], s.Now())
	s.must(err)
	s.workUntil(10*time.Second, "the match", func() bool { _, ok := s.personOf(open); return ok })
	if p, _ := s.personOf(open); p.FakeID != more[0] {
		t.Error("the match has another FakeID")
	}
	if n := s.pagesRead("getcontactinfo"); n != 3 {
		t.Errorf("%d user pages, want those of the newest three, newest first", n)
	}
	if s.pagesRead("message") != 0 {
		t.Error("the message page was read although nobody has written")
	}
}

func TestClaimD4_WhoMatchedMovesToTheListOfThoseKnown(t *testing.T) {
	s := newStage(t, by(userPage))
	more, err := s.platform.Crowd(2)
	s.must(err)
	first := s.subscribes(more[0])
	_, err = s.a.Follow(more[1], s.Now())
	s.must(err)
	s.workUntil(10*time.Second, "the match", func() bool { _, ok := s.personOf(first); return ok })
	lists := func() (unresolved, resolved map[callbackd.FakeID]bool) {
		unresolved, resolved = map[callbackd.FakeID]bool{}, map[callbackd.FakeID]bool{}
		for list, isResolved := range map[*map[callbackd.FakeID]bool]bool{&unresolved: false, &resolved: true} {
			people, err := s.db.ListPersons(ctx, s.acc.ID, isResolved, 1000)
			s.must(err)
			for _, p := range people {
				(*list)[p.FakeID] = true
			}
		}
		return unresolved, resolved
	}
	unresolved, resolved := lists()
	if !resolved[more[0]] || unresolved[more[0]] || !unresolved[s.crowd[0]] || resolved[s.crowd[0]] {
		t.Errorf("unresolved %v, resolved %v", unresolved, resolved)
	}
	// The second one's page was read while the first was searched for: it is not read again.
	cards := s.pagesRead("getcontactinfo")
	second := s.subscribes(more[1])
	s.work(time.Hour)
	if _, ok := s.personOf(second); !ok || s.pagesRead("getcontactinfo") != cards {
		t.Errorf("known: %v, and %d pages were read again", ok, s.pagesRead("getcontactinfo")-cards)
	}
}

func TestClaimD5_TheTimeOnTheMessagePageTellsTheFakeID(t *testing.T) {
	o := by(createTime)
	o.account.Push.MsgIDs = rehearsal.MsgIDNew // no id helps
	s := newStage(t, o.wild())
	f := rehearsal.Files()
	for i, m := range []rehearsal.Message{text("先说一句"), {Type: rehearsal.TypeVoice, Asset: f.Voices[0]},
		{Type: rehearsal.TypeImage, Asset: f.Pictures[0]}, {Type: rehearsal.TypeVideo, Asset: f.Videos[0]}} {
		s.says(i, m)
		s.work(30 * time.Second)
		s.isPerson(i)
	}
}

func TestClaimD6_FakeIDOpenIDAndInformationAreStoredTogether(t *testing.T) {
	s := newStage(t, by(msgID))
	check := func() {
		known, err := s.db.ListPersons(ctx, s.acc.ID, true, 100)
		s.must(err)
		for _, p := range known {
			if p.FakeID == "" || p.OpenID == "" || p.Profile.Nickname == "" {
				t.Errorf("a part of a person is stored: %+v", p)
			}
		}
	}
	for who := range 8 { // whatever instant is looked at
		s.says(who, text("大家好"))
		for range 10 {
			check()
			s.work(130 * time.Millisecond)
		}
	}
	s.work(time.Minute)
	check()
	for who := range 8 {
		c, _ := s.a.Contact(s.crowd[who])
		if p := s.isPerson(who); p.Profile != c.Profile {
			t.Errorf("%+v", p.Profile)
		}
	}
}

// device is a planner of its own process: another handle of the database,
// another session of the operator pages' client, no shared memory.
func (s *stage) device() *stage {
	s.Helper()
	other := *s
	var err error
	path := filepath.Join(s.dir, "c.db")
	other.db, err = store.Open(ctx, store.Config{DSN: "sqlite:" + path, Key: s.key, Now: s.Now})
	s.must(err)
	s.Cleanup(func() { _ = other.db.Close() })
	other.pages, err = mpweb.New(mpweb.Config{BaseURL: "http://mp.test", HTTP: s.http, Sessions: other.db, Now: s.Now})
	s.must(err)
	other.planner = resolver.New(resolver.Config{DB: other.db, Pages: other.pages, Blobs: s.blobs, Face: s.options.face})
	return &other
}

func TestClaimD7D11_ModulesThatShareOnlyRowsFindTheSenderByTheMessagePage(t *testing.T) {
	s := newStage(t, by(createTime))
	s.a.SetCallbackURL(s.endpoint().URL + "/callback/stage")
	s.sends(s.a, 5, "我想上墙") // the receiving module stores it and what follows
	finder := s.device()
	finder.workUntil(13*time.Second, "the information module", finder.hasFace(5))
	s.isPerson(5) // as the receiving module's process sees it
	if n := s.pagesRead("message"); n == 0 {
		t.Error("found without the message page")
	}
}

func TestClaimD8_TheStoredCaseOutlivesTheProcess(t *testing.T) {
	s := newStage(t, by(createTime))
	s.a.SetCallbackURL(s.endpoint().URL + "/callback/stage")
	s.sends(s.a, 5, "我想上墙")
	s.device().workUntil(13*time.Second, "the face", s.hasFace(5))
	asked := s.requests()
	s.sends(s.a, 5, "又是我")
	later := s.device()
	later.work(time.Hour)
	if s.requests() != asked {
		t.Errorf("%d requests for who is stored", s.requests()-asked)
	}
	later.isPerson(5)
}

func TestClaimD9D10_TheListsOfUserPagesOutliveTheProcess(t *testing.T) {
	s := newStage(t, by(userPage))
	more, err := s.platform.Crowd(2)
	s.must(err)
	first := s.subscribes(more[0])
	_, err = s.a.Follow(more[1], s.Now())
	s.must(err)
	s.device().workUntil(10*time.Second, "the match", func() bool { _, ok := s.personOf(first); return ok })
	cards := s.pagesRead("getcontactinfo")
	second := s.subscribes(more[1]) // read already, by a process that is gone
	s.device().work(time.Hour)
	if p, ok := s.personOf(second); !ok || p.FakeID != more[1] {
		t.Error("the second one is not known")
	}
	if n := s.pagesRead("getcontactinfo"); n != cards {
		t.Errorf("%d user pages were read again", n-cards)
	}
}

func TestClaimD12_WhatOneModuleStoresTheOthersReadWhole(t *testing.T) {
	s := newStage(t, by(msgID))
	s.a.SetCallbackURL(s.endpoint().URL + "/callback/stage")
	s.sends(s.a, 5, "我想上墙")
	s.device().workUntil(8*time.Second, "the face", s.hasFace(5))
	reader := s.device()
	p := reader.isPerson(5)
	c, _ := s.a.Contact(s.crowd[5])
	if p.Profile != c.Profile || string(reader.picture(p)) != string(c.Avatar) {
		t.Errorf("another module reads %+v", p.Profile)
	}
}
