package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"callbackd"
	"callbackd/handlers"
	"callbackd/store"
)

// queueSite is a site with an account whose messages wait, and a desk.
type queueSite struct {
	*apiSite
	held *callbackd.Account
}

func newQueueSite(t *testing.T) *queueSite {
	s := &queueSite{apiSite: newAPISite(t, nil)}
	s.held = s.addAccount("held", callbackd.ModerationHold)
	return s
}

// moderator is somebody who is logged in, with one browser.
type moderator struct {
	*queueSite
	client *http.Client
	csrf   string
	queue  string // address of the account's desk
}

func (s *queueSite) moderator(name string, g callbackd.Grant) *moderator {
	s.Helper()
	hash, err := handlers.HashPassword(s.Context(), "a password of "+name)
	s.must(err)
	_, err = s.db.InsertOperator(s.Context(), name, hash, g, "test")
	s.must(err)
	jar, err := cookiejar.New(nil)
	s.must(err)
	m := &moderator{queueSite: s, client: &http.Client{Jar: jar}, queue: s.http.URL + "/desk/held"}
	m.csrf = csrfOf(m.page(s.http.URL + "/desk/login"))
	m.form(s.http.URL+"/desk/login", url.Values{"name": {name}, "password": {"a password of " + name}})
	m.csrf = csrfOf(m.page(s.http.URL + "/desk"))
	return m
}

func csrfOf(page string) string {
	m := regexp.MustCompile(`<meta name="csrf" content="([^"]*)">`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}

func (m *moderator) page(address string) string {
	m.Helper()
	resp, err := m.client.Get(address)
	m.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	m.must(err)
	if resp.StatusCode != http.StatusOK {
		m.Fatalf("%s: %d %s", address, resp.StatusCode, b)
	}
	return string(b)
}

// form sends a form as a browser without scripts does, and follows where it leads.
func (m *moderator) form(address string, fields url.Values) string {
	m.Helper()
	fields.Set("csrf", m.csrf)
	resp, err := m.client.PostForm(address, fields)
	m.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	m.must(err)
	if resp.StatusCode != http.StatusOK {
		m.Fatalf("%s: %d %s", address, resp.StatusCode, b)
	}
	return string(b)
}

// post sends what a script sends.
func (m *moderator) post(path string, fields url.Values) (code int, body map[string]any) {
	m.Helper()
	r, err := http.NewRequest(http.MethodPost, m.queue+path, strings.NewReader(fields.Encode()))
	m.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("X-CSRF", m.csrf)
	resp, err := m.client.Do(r)
	m.must(err)
	defer resp.Body.Close()
	_ = json.NewDecoder(resp.Body).Decode(&body) // some answers have none
	return resp.StatusCode, body
}

var markForm = regexp.MustCompile(`<input type="checkbox" name="m" value="([^"]+)"`)

// marks are what a page says was seen, in its order.
func marks(page string) (all []string) {
	for _, m := range markForm.FindAllStringSubmatch(page, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	return all
}

func idOf(mark string) callbackd.PublicID {
	id, _, _ := strings.Cut(mark, ".")
	return callbackd.PublicID(id)
}

func (s *queueSite) says(from callbackd.OpenID, words string) callbackd.PublicID {
	out, err := s.db.Accept(context.Background(), &store.Callback{Account: s.held, Key: string(callbackd.NewPublicID()), ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(),
		Outcome: store.OutcomeAccepted, MsgType: "text", From: from, Message: &callbackd.Message{Kind: callbackd.KindText, Text: words, SentAt: s.clock.Now()}})
	if err != nil {
		s.Error(err)
	}
	return out.Public
}

func (s *queueSite) state(id callbackd.PublicID) callbackd.State {
	s.Helper()
	row, err := s.db.GetMessage(s.Context(), s.held.ID, id)
	s.must(err)
	return row.Message.State
}

func (s *queueSite) mayModerate() callbackd.Grant {
	return callbackd.Grant{Account: s.held.ID, Role: callbackd.RoleModerator}
}

func TestQueue_WorksWithoutScripts(t *testing.T) {
	s := newQueueSite(t)
	id := s.says("oA", `<b>你好</b> & 新年`)
	m := s.moderator("ling", s.mayModerate())
	page := m.page(m.queue + "/queue")
	if seen := marks(page); len(seen) != 1 || idOf(seen[0]) != id || !strings.Contains(page, "&lt;b&gt;你好&lt;/b&gt;") {
		t.Fatalf("%v\n%s", seen, page)
	}
	page = m.form(m.queue+"/queue/decide", url.Values{"do": {"approve+pin"}, "m": marks(page)})
	if stage, _, err := s.db.GetStage(t.Context(), s.held.ID); err != nil || s.state(id) != callbackd.StateShown || !slices.Contains(stage.Pins, id) {
		t.Fatalf("%s, %v, %v", s.state(id), stage.Pins, err)
	}
	batch := regexp.MustCompile(`name="batch" value="([^"]+)"`).FindStringSubmatch(page)
	if batch == nil {
		t.Fatal("the trail has nothing to take back")
	}
	page = m.form(m.queue+"/queue/undo", url.Values{"batch": {batch[1]}})
	if s.state(id) != callbackd.StateHeld || len(marks(page)) != 1 {
		t.Fatalf("%s", s.state(id))
	}
	m.form(m.queue+"/queue/stage", url.Values{"do": {"panic"}})
	if stage, _, err := s.db.GetStage(t.Context(), s.held.ID); err != nil || stage.State != callbackd.StagePanic {
		t.Fatalf("%s, %v", stage.State, err)
	}
	m.form(m.queue+"/queue/stage", url.Values{"do": {"resume"}})

	found := m.page(m.queue + "/search?q=" + url.QueryEscape("新年"))
	if got := marks(found); len(got) != 1 || idOf(got[0]) != id {
		t.Errorf("found %v", got)
	}
	row, err := s.db.GetMessage(t.Context(), s.held.ID, id)
	s.must(err)
	sender := m.queue + "/sender/" + string(row.Sender.PublicID)
	fields := url.Values{"do": {"approve"}}
	page = m.page(sender)
	for _, name := range []string{"at", "seen"} {
		fields.Set(name, regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)[1])
	}
	if m.form(sender, fields); s.state(id) != callbackd.StateShown {
		t.Errorf("all of the sender approved: %s", s.state(id))
	}
	second := s.says("oA", "two")
	m.form(sender, url.Values{"do": {"block"}})
	m.form(sender, url.Values{"do": {"trust"}})
	row, err = s.db.GetMessage(t.Context(), s.held.ID, second)
	s.must(err)
	if !row.Sender.Blocked || !row.Sender.Trusted || row.Message.State != callbackd.StateRefused {
		t.Errorf("blocked: %v, trusted: %v, %s", row.Sender.Blocked, row.Sender.Trusted, row.Message.State)
	}
}

func TestQueue_SaysWhatScriptsNeed(t *testing.T) {
	s := newQueueSite(t)
	id := s.says("oA", "one")
	a, b := s.moderator("anna", s.mayModerate()), s.moderator("ben", s.mayModerate())
	seen := marks(a.page(a.queue + "/queue"))
	if other := marks(b.page(b.queue + "/queue")); len(seen) != 1 || len(other) != 0 {
		t.Fatalf("before the first %v, before the second %v", seen, other)
	}
	tap := url.Values{"do": {"refuse"}, "m": seen, "batch": {"0123456789abcdef"}}
	for range 2 { // an answer that got lost: the same again
		if code, body := a.post("/queue/decide", tap); code != 200 || fmt.Sprint(body["done"]) != fmt.Sprintf("[%s]", id) {
			t.Fatalf("%d %v", code, body)
		}
	}
	if code, body := b.post("/queue/decide", url.Values{"do": {"approve"}, "m": seen}); code != http.StatusConflict || body["error"] == nil {
		t.Fatalf("decided already: %d %v", code, body)
	}
	if code, _ := b.post("/queue/undo", url.Values{"batch": {"0123456789abcdef"}}); code != 200 || s.state(id) != callbackd.StateHeld {
		t.Fatalf("undo: %d, %s", code, s.state(id))
	}
	if code, _ := a.post("/queue/leave", nil); code != http.StatusNoContent {
		t.Fatalf("leave: %d", code)
	}
	for name, c := range map[string]struct {
		path   string
		fields url.Values
		want   int
	}{
		"no step":          {"/queue/decide", url.Values{"do": {"erase"}, "m": seen}, 400},
		"no step behind":   {"/queue/decide", url.Values{"do": {"approve+clear"}, "m": seen}, 400},
		"none marked":      {"/queue/decide", url.Values{"do": {"approve"}}, 400},
		"no mark":          {"/queue/decide", url.Values{"do": {"approve"}, "m": {"x"}}, 400},
		"no turn":          {"/queue/decide", url.Values{"do": {"approve"}, "m": {"x.y..."}}, 400},
		"no name of a tap": {"/queue/decide", url.Values{"do": {"approve"}, "m": seen, "batch": {"short"}}, 400},
		"no message":       {"/queue/decide", url.Values{"do": {"approve"}, "m": {"none.0..."}}, 404},
		"no tap":           {"/queue/undo", url.Values{"batch": {"0000000000000000"}}, 404},
		"no voice":         {"/queue/caption", url.Values{"id": {string(id)}, "words": {"x"}}, 400},
		"no control":       {"/queue/stage", url.Values{"do": {"clear"}}, 400},
		"no sender":        {"/sender/none", url.Values{"do": {"block"}}, 404},
	} {
		if code, body := a.post(c.path, c.fields); code != c.want {
			t.Errorf("%s: %d %v, want %d", name, code, body, c.want)
		}
	}
}

// TestQueue_TwoModerators is the room over HTTP: pages, forms, sessions.
func TestQueue_TwoModerators(t *testing.T) {
	const messages = 1000
	s := newQueueSite(t)
	var mu sync.Mutex // guards what follows
	before, decided := map[callbackd.PublicID]string{}, 0
	var filled sync.WaitGroup
	filled.Go(func() {
		for n := 0; n < messages; n += 20 { // a second of the room
			var second sync.WaitGroup
			for i := range 20 {
				second.Go(func() { s.says(callbackd.OpenID(fmt.Sprint("o", i)), fmt.Sprint(n+i)) })
			}
			second.Wait()
		}
	})
	full := make(chan struct{})
	go func() { filled.Wait(); close(full) }()
	var work sync.WaitGroup
	for _, name := range []string{"anna", "ben"} {
		m := s.moderator(name, s.mayModerate())
		work.Go(func() {
			for {
				over := false
				select {
				case <-full:
					over = true
				default:
				}
				seen := marks(m.page(m.queue + "/queue"))
				if len(seen) == 0 && over {
					return
				}
				if len(seen) == 0 {
					continue
				}
				mu.Lock()
				for _, mark := range seen {
					if other, ok := before[idOf(mark)]; ok && other != name {
						t.Errorf("%s lies before %s and %s", idOf(mark), other, name)
					}
					before[idOf(mark)] = name
				}
				mu.Unlock()
				code, body := m.post("/queue/decide", url.Values{"do": {"approve"}, "m": seen})
				done, _ := body["done"].([]any)
				if code != 200 || len(done) != len(seen) {
					t.Errorf("%s: %d %v", name, code, body)
					return
				}
				mu.Lock()
				decided += len(done)
				mu.Unlock()
			}
		})
	}
	work.Wait()
	held, err := s.db.ListMessages(t.Context(), s.held.ID, store.MessageFilter{State: callbackd.StateHeld, Limit: 1})
	s.must(err)
	if decided != messages || len(held) != 0 {
		t.Errorf("%d of %d decided, %d are held", decided, messages, len(held))
	}
}

func TestQueue_StreamTellsWhatComes(t *testing.T) {
	s := newQueueSite(t)
	m := s.moderator("ling", s.mayModerate())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.queue+"/stream?what=queue", nil)
	s.must(err)
	resp, err := m.client.Do(r)
	s.must(err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() (state struct {
		Waiting string
		Items   []struct{ ID callbackd.PublicID }
	}) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				s.must(json.Unmarshal([]byte(data), &state))
				return state
			}
		}
		t.Fatal("the stream ended")
		return state
	}
	if state := next(); state.Waiting != "0" || len(state.Items) != 0 {
		t.Fatalf("%+v", state)
	}
	id := s.says("oA", "one")
	if state := next(); state.Waiting != "1" || len(state.Items) != 1 || state.Items[0].ID != id {
		t.Fatalf("%+v", state)
	}
	item := m.page(m.queue + "/queue/items?id=" + string(id))
	if code, body := m.post("/queue/decide", url.Values{"do": {"approve"}, "m": marks(item)}); code != 200 {
		t.Fatalf("%d %v", code, body)
	}
	if state := next(); state.Waiting != "0" {
		t.Fatalf("%+v", state)
	}
}

// The desk hears and sees files before they are public; nobody else does.
func TestQueue_FilesBeforeTheyArePublic(t *testing.T) {
	s := newQueueSite(t)
	ctx := context.Background()
	out, err := s.db.Accept(ctx, &store.Callback{Account: s.held, Key: "k", ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(), Outcome: store.OutcomeAccepted,
		MsgType: "voice", From: "oA", Message: &callbackd.Message{Kind: callbackd.KindVoice, SentAt: s.clock.Now()}, Media: &callbackd.Media{}})
	s.must(err)
	row, err := s.db.GetMessage(ctx, s.held.ID, out.Public)
	s.must(err)
	_, err = s.blobs.Put(ctx, "m/1", strings.NewReader("sound"))
	s.must(err)
	_, err = s.blobs.Put(ctx, "p/1", strings.NewReader("face"))
	s.must(err)
	s.must(s.db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: "m/1", Type: "audio/mpeg", Size: 5}}))
	s.must(s.db.SetPerson(ctx, s.held.ID, store.Resolution{FakeID: "1", OpenID: "oA", Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: s.clock.Now(),
		Avatar: &store.NewAvatar{Blob: "p/1", Type: "image/jpeg", Size: 4, Digest: []byte("d")}}))
	m, other := s.moderator("ling", s.mayModerate()), s.moderator("wei", callbackd.Grant{Account: s.acc.ID, Role: callbackd.RoleOwner})
	page := m.page(m.queue + "/queue")
	for want, pattern := range map[string]string{"sound": `/desk/held(/media/[^"]+)`, "face": `/desk/held(/avatar/[^"]+)`} {
		path := regexp.MustCompile(pattern).FindStringSubmatch(page)
		if path == nil {
			t.Fatalf("no %s in\n%s", pattern, page)
		}
		if got := m.page(m.queue + path[1]); got != want {
			t.Errorf("%s: %q", want, got)
		}
		for name, address := range map[string]string{"in public": s.http.URL + path[1], "of another account": s.http.URL + "/desk/spring" + path[1], "of a stranger": m.queue + path[1]} {
			resp, err := other.client.Get(address)
			s.must(err)
			resp.Body.Close()
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s, %s: %d", want, name, resp.StatusCode)
			}
		}
	}
	if code, _ := m.post("/queue/caption", url.Values{"id": {string(out.Public)}, "words": {"新年快乐\r\n"}}); code != 200 {
		t.Errorf("caption: %d", code)
	}
	row, err = s.db.GetMessage(ctx, s.held.ID, out.Public)
	if s.must(err); row.Message.Caption == nil || *row.Message.Caption != "新年快乐" {
		t.Errorf("%v", row.Message.Caption)
	}
}
