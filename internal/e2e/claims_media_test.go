//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// operators are operator pages of dialect 2014, which know everybody.
func operators() *rehearsal.MPConfig { return &rehearsal.MPConfig{Dialect: callbackd.Dialect2014} }

// A voice is pushed to one of two accounts whose pages are both open. It is
// fetched, its sender's information is found out, and both are shown on the page
// of that account, where the voice plays.
func TestClaimE1E7_AVoiceAndItsSenderAreOnThePageOfThatAccountAlone(t *testing.T) {
	s := newStage(t)
	gala := s.join(rehearsal.AccountConfig{Slug: "gala", MP: operators()})
	other := s.join(rehearsal.AccountConfig{Slug: "other", MP: operators()})
	s.serve()
	who := s.people(3, gala, other)
	here, there := openLive(t, s.wall(gala)), openLive(t, s.wall(other))
	here.listen()
	asset := rehearsal.Files().Voice("zh-1")
	say(t, gala, rehearsal.Message{From: who[1].Number, Type: rehearsal.TypeVoice, Asset: asset})
	here.until("voice and name are shown", `document.querySelector('#rows [data-look=voice-ready] .name')?.textContent === `+quote(who[1].Profile.Nickname))
	voice := s.feed(gala)[0]
	if d := voice.Media.DurationMS - asset.Duration.Milliseconds(); !voice.Sender.Resolved || d < -150 || d > 150 {
		t.Errorf("%+v, %+v", voice.Sender, voice.Media)
	}
	if n := s.platform.Counters("gala")["/cgi-bin/media/get"]; n != 1 {
		t.Errorf("the media was got %d times by the API", n)
	}
	here.click(at(voice.ID, ".pill"))
	here.played("the voice", voice.ID)

	// The other page is shown to be as live as this one by a message of its own.
	text(t, other, who[2].Number, "只在这里")
	there.until("the other page shows its own message", `document.querySelector('#rows .words')?.textContent === '只在这里'`)
	there.equals(func() []callbackd.PublicMessage { return s.feed(other) })
	if rows := there.shown(); len(rows) != 1 {
		t.Errorf("the other page shows %+v", rows)
	}
	here.equals(func() []callbackd.PublicMessage { return s.feed(gala) })
	if len(s.feed(gala)) != 1 {
		t.Errorf("%d messages on the first wall", len(s.feed(gala)))
	}
}

// The account cannot use the API at all, so that the operator pages are the one
// way to its media: the sender's FakeID is found, the account logs in, and among
// all messages of that FakeID the time tells which voice is which.
func TestClaimE2E8_VoicesComeFromTheMessagesOfTheFakeIDByTheirTime(t *testing.T) {
	s := newStage(t)
	a := s.join(rehearsal.AccountConfig{Slug: "gala", API: rehearsal.APIConfig{None: true}, MP: operators(),
		Push:     rehearsal.PushConfig{MsgIDs: rehearsal.MsgIDNew}, // the id of the push says nothing
		Settings: rehearsal.Settings{Resolve: []callbackd.Strategy{callbackd.StrategyCreateTime}}})
	s.serve()
	who := s.people(3, a)
	p := openLive(t, s.wall(a))
	p.listen()
	files := rehearsal.Files()
	said := []struct {
		from  rehearsal.Follower
		voice *rehearsal.Asset
	}{{who[0], files.Voice("zh-1")}, {who[1], files.Voice("zh-3")}, {who[0], files.Voice("zh-5")}}
	began := time.Now().Add(-time.Minute)
	for i, v := range said { // nobody speaks two voices in one second
		at := began.Add(time.Duration(i) * 4 * time.Second)
		say(t, a, rehearsal.Message{From: v.from.Number, Content: fmt.Sprint("下面是语音 ", i), At: at})
		say(t, a, rehearsal.Message{From: v.from.Number, Type: rehearsal.TypeVoice, Asset: v.voice, At: at.Add(2 * time.Second)})
	}
	p.until("all voices are ready", `document.querySelectorAll('#rows [data-look=voice-ready]').length === 3`)
	var voices []callbackd.PublicMessage
	for _, m := range s.feed(a) {
		if m.Kind == callbackd.KindVoice {
			voices = append([]callbackd.PublicMessage{m}, voices...)
		}
	}
	for i, m := range voices {
		if d := m.Media.DurationMS - said[i].voice.Duration.Milliseconds(); d < -200 || d > 200 {
			t.Errorf("voice %d lasts %d ms, what was said %v", i, m.Media.DurationMS, said[i].voice.Duration)
		}
	}
	counts := s.platform.Counters("gala")
	for _, page := range []string{"mp/login", "mp/singlesendpage", "mp/getvoicedata"} {
		if counts[page] == 0 {
			t.Errorf("%s was not read: %v", page, counts)
		}
	}
	for page := range s.platform.Counters("gala") {
		if strings.HasPrefix(page, "/cgi-bin/media") {
			t.Errorf("the API was asked: %s", page)
		}
	}
	p.click(at(voices[0].ID, ".pill"))
	p.played("a voice from the operator pages", voices[0].ID)
}

// What a viewer types is the URL of an account's page: it is fetched and shown,
// before anything was said, and holds what that account's followers say alone.
func TestClaimE3E4E9_TheURLLeadsToThePageOfTheAccountItNames(t *testing.T) {
	s := newStage(t)
	gala := s.join(rehearsal.AccountConfig{Slug: "gala", Name: "春晚现场"})
	other := s.join(rehearsal.AccountConfig{Slug: "other", Name: "跨年晚会"})
	s.serve()
	who := s.people(1, gala, other)[0].Number
	for _, a := range []*rehearsal.Account{gala, other} {
		p := open(t, 1280, 900, s.url(wallPath(a)))
		if name := eval[string](p, `document.querySelector('.account').textContent`); name != a.Config.Name {
			t.Errorf("%s shows %q", wallPath(a), name)
		}
		if rows := p.shown(); len(rows) != 0 {
			t.Errorf("%s shows %+v before anybody spoke", wallPath(a), rows)
		}
		text(t, a, who, "这里是"+a.Config.Name)
		say(t, a, rehearsal.Message{From: who, Type: rehearsal.TypeImage, Asset: rehearsal.Files().Picture("stage.jpg")})
	}
	for _, a := range []*rehearsal.Account{gala, other} {
		p := openLive(t, s.wall(a))
		p.until("the picture is there", `document.querySelector('#rows a.image img')?.naturalWidth > 0`)
		rows := p.shown()
		if len(rows) != 2 || rows[1].Text != "这里是"+a.Config.Name {
			t.Errorf("%s shows %+v", wallPath(a), rows)
		}
		for _, path := range []string{"", "/messages", "/changes?after=0"} {
			status, _, body := s.get(wallPath(a) + path)
			for _, b := range []*rehearsal.Account{gala, other} {
				if foreign := a != b && strings.Contains(string(body), "这里是"+b.Config.Name); foreign || status != http.StatusOK {
					t.Errorf("%s%s: status %d, holds another account's words: %v", wallPath(a), path, status, foreign)
				}
			}
		}
	}
	for _, path := range []string{"/wall/nobody", "/wall/nobody/messages", "/wall/nobody/changes?after=0", "/wall/GALA", "/wall/nobody/join.png"} {
		if status, _, _ := s.get(path); status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, status)
		}
	}
}
