package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"callbackd"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wall"
)

// dress gives a message everything that may come late: a file, a name, a picture.
func (s *site) dress(a *callbackd.Account, row store.Row, name string) {
	s.Helper()
	ctx := context.Background()
	put := func(key, content string) {
		_, err := s.blobs.Put(ctx, key, strings.NewReader(content))
		s.must(err)
	}
	if row.Media != nil {
		main, poster := fmt.Sprintf("m/%d", row.Media.ID), fmt.Sprintf("p/%d", row.Media.ID)
		put(main, "the file itself")
		put(poster, "the poster")
		s.must(s.db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: main, Type: "audio/mpeg", Size: 15},
			Poster: &callbackd.Variant{Blob: poster, Type: "image/jpeg", Size: 10}, Duration: time.Second}))
	}
	face := fmt.Sprintf("a/%d", row.Sender.ID)
	put(face, "the face")
	s.must(s.db.SetPerson(ctx, a.ID, store.Resolution{FakeID: callbackd.FakeID(fmt.Sprint(844700000 + row.Sender.ID%1000000007)), OpenID: row.Sender.OpenID,
		Profile: callbackd.Profile{Nickname: name}, ReadAt: time.Now(), Avatar: &store.NewAvatar{Blob: face, Type: "image/jpeg", Size: 8, Digest: []byte(face)}}))
}

// TestGate_NothingUnreviewedIsPublic pushes every kind through every public
// path of a wall that holds.
func TestGate_NothingUnreviewedIsPublic(t *testing.T) {
	s := newSite(t)
	for _, m := range []callbackd.Moderation{callbackd.ModerationHold, callbackd.ModerationAuto, "unknown"} {
		slug := callbackd.Slug("gate-" + string(m))
		sim, a := s.account(slug, callbackd.ModeSafe, m)
		for i, kind := range []rehearsal.MsgType{rehearsal.TypeText, rehearsal.TypeVoice, rehearsal.TypeImage, rehearsal.TypeVideo, rehearsal.TypeLocation, rehearsal.TypeLink} {
			s.send(sim, sample(kind), i, rehearsal.SendOptions{})
		}
		for _, row := range s.rows(a) {
			s.dress(a, row, strings.Repeat("名", 1+int(row.Sender.ID%7))+"甲")
		}
		if feed := s.feed(string(slug)); len(feed.Messages) != 0 || feed.Rev != 0 {
			t.Errorf("%s: %d messages, rev %d", m, len(feed.Messages), feed.Rev)
		}
		_, _, changes := s.get("/wall/" + string(slug) + "/changes?after=0")
		_, _, page := s.get("/wall/" + string(slug))
		for _, row := range s.rows(a) {
			absent(t, "changes", changes, string(row.Message.PublicID), row.Person.Profile.Nickname, "样例")
			absent(t, "page", page, string(row.Message.PublicID), row.Person.Profile.Nickname, "样例", "天安门")
			if row.Media != nil {
				for _, v := range []*callbackd.Variant{row.Media.Main, row.Media.Poster} {
					if code, _, _ := s.get(wall.MediaPath(v.ID)); code != http.StatusNotFound {
						t.Errorf("%s: a held file is answered %d", m, code)
					}
				}
			}
			if code, _, _ := s.get(wall.AvatarPath(row.Person.Avatar)); code != http.StatusNotFound {
				t.Errorf("%s: the picture of a held sender is answered %d", m, code)
			}
		}
	}
}

// TestGate_ADecisionCoversWhatWasThere follows one voice through approval, late
// arrivals and removal.
func TestGate_ADecisionCoversWhatWasThere(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("covers", callbackd.ModeSafe, callbackd.ModerationHold)
	s.send(sim, sample(rehearsal.TypeVoice), 0, rehearsal.SendOptions{})
	s.decide(s.rows(a)[0], callbackd.DecisionApprove)
	pseudonym := s.feed("covers").Messages[0].Sender
	s.dress(a, s.rows(a)[0], "小明")
	row := s.rows(a)[0]
	m := s.feed("covers").Messages[0]
	if m.Sender != pseudonym || m.Media.State != callbackd.MediaPending || m.Media.URL != "" {
		t.Fatalf("late arrivals are public without a decision: %+v", m)
	}
	if got := wall.OperatorView(row); fmt.Sprint(got.Waiting) != "[media name avatar]" || got.Sender.Name != "小明" {
		t.Fatalf("what waits: %+v", got)
	}
	for _, path := range []string{wall.MediaPath(row.Media.Main.ID), wall.AvatarPath(row.Person.Avatar)} {
		if code, _, _ := s.get(path); code != http.StatusNotFound {
			t.Fatalf("%d for what no decision covered", code)
		}
	}
	s.decide(row, callbackd.DecisionApprove)
	m = s.feed("covers").Messages[0]
	if m.Sender.Name != "小明" || !m.Sender.Resolved || m.Media.State != callbackd.MediaReady || m.Sender.ID != pseudonym.ID {
		t.Fatalf("%+v", m)
	}
	for _, path := range []string{m.Media.URL, m.Media.Poster, m.Sender.Avatar} {
		code, head, body := s.get(path)
		if code != http.StatusOK || body == "" || head.Get("X-Content-Type-Options") != "nosniff" || head.Get("Content-Security-Policy") != "sandbox" ||
			head.Get("Cache-Control") != "private, no-cache" || head.Get("ETag") == "" {
			t.Fatalf("%d %v", code, head)
		}
	}
	s.decide(row, callbackd.DecisionRemove)
	if code, _, _ := s.get(m.Media.URL); code != http.StatusGone {
		t.Fatalf("a file after the removal: %d", code)
	}
	if code, _, _ := s.get(m.Sender.Avatar); code != http.StatusNotFound {
		t.Fatalf("a face after the removal: %d", code)
	}
	_, _, changes := s.get("/wall/covers/changes?after=0")
	absent(t, "a removal", changes, "小明", "media", "sender")
	if !strings.Contains(changes, `"op":"remove","id":"`+string(row.Message.PublicID)+`"`) {
		t.Fatalf("%s", changes)
	}
}

func TestMedia_RangesAndValidators(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("range", callbackd.ModeSafe, callbackd.ModerationOpen)
	s.send(sim, sample(rehearsal.TypeVoice), 0, rehearsal.SendOptions{})
	s.dress(a, s.rows(a)[0], "小明")
	target := s.http.URL + s.feed("range").Messages[0].Media.URL
	ask := func(name, value string) (*http.Response, string) {
		req, err := http.NewRequest(http.MethodGet, target, nil)
		s.must(err)
		req.Header.Set(name, value)
		resp, err := http.DefaultClient.Do(req)
		s.must(err)
		defer resp.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(resp.Body)
		s.must(err)
		return resp, b.String()
	}
	if resp, body := ask("Range", "bytes=4-7"); resp.StatusCode != 206 || body != "file" || resp.Header.Get("Content-Type") != "audio/mpeg" {
		t.Fatalf("%d %q", resp.StatusCode, body)
	}
	_, head, _ := s.get(s.feed("range").Messages[0].Media.URL)
	if resp, _ := ask("If-None-Match", head.Get("ETag")); resp.StatusCode != 304 {
		t.Fatalf("%d", resp.StatusCode)
	}
}

// TestPublic_HoldsNoSecretAndNoOpenID reads everything that is public, and the
// logs at their loudest.
func TestPublic_HoldsNoSecretAndNoOpenID(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("secret", callbackd.ModeSafe, callbackd.ModerationOpen)
	for i, kind := range []rehearsal.MsgType{rehearsal.TypeText, rehearsal.TypeVoice, rehearsal.TypeLocation} {
		s.send(sim, sample(kind), i, rehearsal.SendOptions{})
		s.send(sim, sample(kind), i, rehearsal.SendOptions{PrepareOptions: rehearsal.PrepareOptions{Forgery: rehearsal.ForgeSignature}, Attempts: 1})
	}
	secrets := []string{sim.Config.Token, sim.Config.AESKey, sim.Config.AppSecret, sim.Config.OriginalID, "39.908", "116.397"}
	for _, c := range sim.Contacts() {
		secrets = append(secrets, string(c.OpenID), string(c.Number))
	}
	for _, row := range s.rows(a) {
		s.dress(a, row, "名字"+string(row.Message.Kind))
	}
	for _, path := range []string{"/wall/secret", "/wall/secret/messages", "/wall/secret/changes?after=0", "/callback/secret", "/", "/wall/secret/messages?after=x"} {
		code, head, body := s.get(path)
		absent(t, path, fmt.Sprint(code, head, body), secrets...)
	}
	absent(t, "the log", s.logs.String(), append(secrets, "样例", "名字")...)
}

func TestWall_EverythingFromFollowersIsText(t *testing.T) {
	s := newSite(t)
	sim, a := s.account("escape", callbackd.ModeSafe, callbackd.ModerationOpen)
	words := `<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{.}}]]>`
	s.say(sim, 0, words, rehearsal.SendOptions{})
	s.send(sim, rehearsal.Message{Type: rehearsal.TypeLink, Link: &callbackd.Link{Title: words, URL: "javascript:alert(3)"}}, 1, rehearsal.SendOptions{})
	for _, row := range s.rows(a) {
		s.dress(a, row, `"><script>alert(4)</script>`+string(row.Message.Kind))
	}
	_, head, page := s.get("/wall/escape")
	absent(t, "the page", page, "<script>alert", "<img src=x", "javascript:alert")
	if !strings.Contains(page, html.EscapeString("<script>alert(1)</script>")) {
		t.Error("the words are not on the page")
	}
	csp := head.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "media-src 'self' blob:") || strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %q", csp)
	}
	feed := s.feed("escape")
	if feed.Messages[0].Text != words {
		t.Errorf("the feed changes what was written: %q", feed.Messages[0].Text)
	}
	if l := feed.Messages[1].Link; l.URL != "" || l.Title != words {
		t.Errorf("%+v", l)
	}
}

func TestWall_AccountsAreApart(t *testing.T) {
	s := newSite(t)
	simA, a := s.account("apart-a", callbackd.ModeSafe, callbackd.ModerationOpen)
	_, _ = s.account("apart-b", callbackd.ModeSafe, callbackd.ModerationOpen)
	s.say(simA, 0, "只在甲墙", rehearsal.SendOptions{})
	// the same push at the other account's address is refused: another token and key
	if v := s.say(simA, 1, "走错门", rehearsal.SendOptions{URL: s.http.URL + "/callback/apart-b", Attempts: 1}); v.Last().Status != 403 {
		t.Errorf("%d", v.Last().Status)
	}
	if n := len(s.feed("apart-b").Messages); n != 0 {
		t.Errorf("%d messages on the other wall", n)
	}
	_, _, page := s.get("/wall/apart-b")
	absent(t, "the other wall", page, "只在甲墙", string(s.rows(a)[0].Message.PublicID))
	ids := map[callbackd.PublicID]bool{}
	for _, m := range s.feed("apart-a").Messages {
		ids[m.Sender.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("%v", ids)
	}
}

func TestFeeds_RefuseBadValues(t *testing.T) {
	s := newSite(t)
	s.account("values", callbackd.ModeSafe, callbackd.ModerationOpen)
	for path, want := range map[string]int{
		"messages?limit=0": 400, "messages?limit=201": 400, "messages?limit=x": 400, "messages?after=-1": 400, "messages?before=0": 400,
		"messages?after=1.5": 400, "messages?limit=200&after=0": 200, "changes": 400, "changes?after=-1": 400, "changes?after=0&limit=999": 400,
		"changes?after=9223372036854775807": 200, "changes?after=9223372036854775808": 400, "messages?limit=": 400,
	} {
		code, head, body := s.get("/wall/values/" + path)
		if code != want || !json.Valid([]byte(body)) || !strings.HasPrefix(head.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if _, _, body := s.get("/wall/values/changes?after=5"); !strings.Contains(body, `"reset":true`) {
		t.Errorf("a rev that never was: %s", body)
	}
}

func TestJoin_QRSaysWhereToJoin(t *testing.T) {
	s := newSite(t)
	_, a := s.account("join", callbackd.ModeSafe, callbackd.ModerationOpen)
	for _, path := range []string{"/wall/join/join.png", "/wall/join/join.svg"} {
		if code, _, _ := s.get(path); code != http.StatusNotFound {
			t.Errorf("%s without a source: %d", path, code)
		}
	}
	says := func() string {
		_, head, body := s.get("/wall/join/join.png")
		img, err := png.Decode(strings.NewReader(body))
		if err != nil || head.Get("Content-Type") != "image/png" {
			t.Fatal(err, head)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
		s.must(err)
		r, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		s.must(err)
		return r.GetText()
	}
	ctx := context.Background()
	s.must(s.db.SetJoinCode(ctx, a.ID, store.JoinCode{URL: "http://weixin.qq.com/r/own", Source: "mpweb"}))
	if got := says(); got != "http://weixin.qq.com/r/own" {
		t.Errorf("the account's own: %s", got)
	}
	a.JoinURL = "http://weixin.qq.com/r/chosen"
	s.must(s.db.SetAccount(ctx, a, "test"))
	if got := eventually(t, says, "http://weixin.qq.com/r/chosen"); got != "http://weixin.qq.com/r/chosen" {
		t.Errorf("join_url: %s", got)
	}
	s.must(s.db.SetJoinCode(ctx, a.ID, store.JoinCode{URL: "http://weixin.qq.com/q/scene", Source: "api", ExpiresAt: time.Now().Add(time.Hour)}))
	if got := says(); got != "http://weixin.qq.com/q/scene" {
		t.Errorf("scene: %s", got)
	}
	s.must(s.db.SetJoinCode(ctx, a.ID, store.JoinCode{URL: "http://weixin.qq.com/q/scene", Source: "api", ExpiresAt: time.Now().Add(-time.Hour)}))
	if got := says(); got != "http://weixin.qq.com/r/chosen" {
		t.Errorf("an expired scene: %s", got)
	}
}

// eventually asks until it gets the wanted answer; the answer of the last try
// comes back after 10 s.
func eventually(t *testing.T, ask func() string, want string) string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		if got := ask(); got == want || time.Now().After(end) {
			return got
		}
	}
}
