package mpweb

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

const (
	testUser     = "operator@example.com"
	testPassword = "correct horse battery staple"
	testUIN      = "2391000001"
)

// seen is a request that reached the fake platform.
type seen struct {
	method, path string
	query, form  url.Values
	header       http.Header
	cookies      map[string]string
	at           time.Time
}

// platform is a fake of the operator pages for the tests of the client.
type platform struct {
	*httptest.Server
	clock *clock

	people, limit int // followers, and how many of them a page has at most

	mu       sync.Mutex // guards what follows
	password string
	logins   int    // granted ones
	token    string // of the only live session
	sid      string
	requests []seen
	inFlight int
	most     int // requests at the same time

	login http.HandlerFunc // instead of the usual login
	// answer, where set, may answer instead of a page; it returns true when it did.
	answer func(w http.ResponseWriter, r *http.Request) bool
	ended  http.HandlerFunc // how a lost session looks
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{clock: newClock(), people: 150, limit: 500, password: testPassword, ended: look("text/html; charset=UTF-8", string(fixture(t, "ended_timeout.html")))}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

// look answers with a fixed page.
func look(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		fmt.Fprint(w, body)
	}
}

func (p *platform) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s := seen{method: r.Method, path: r.URL.Path, query: r.URL.Query(), form: r.PostForm, header: r.Header, cookies: map[string]string{}, at: p.clock.Now()}
	for _, c := range r.Cookies() {
		s.cookies[c.Name] = c.Value
	}
	p.mu.Lock()
	p.requests = append(p.requests, s)
	p.inFlight++
	p.most = max(p.most, p.inFlight)
	live := p.token != "" && s.query.Get("token") == p.token && s.cookies["slave_sid"] == p.sid
	login, answer, ended := p.login, p.answer, p.ended
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.inFlight--
		p.mu.Unlock()
	}()
	switch {
	case r.URL.Path == "/cgi-bin/login" && login != nil:
		login(w, r)
	case r.URL.Path == "/cgi-bin/login":
		p.doLogin(w, r)
	case answer != nil && answer(w, r):
	case !live:
		ended(w, r)
	default:
		p.page(w, r)
	}
}

func (p *platform) doLogin(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if r.PostForm.Get("username") != testUser || r.PostForm.Get("pwd") != passwordDigest(p.password) {
		fmt.Fprint(w, `{"base_resp":{"ret":-23,"err_msg":""}}`)
		return
	}
	p.logins++
	p.token, p.sid = strconv.Itoa(1000000000+p.logins), fmt.Sprintf("sid-of-login-%d", p.logins)
	http.SetCookie(w, &http.Cookie{Name: "slave_sid", Value: p.sid, Path: "/", HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "slave_user", Value: "gh_0123456789ab", Path: "/", HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "bizuin", Value: testUIN, Path: "/", HttpOnly: true})
	fmt.Fprintf(w, `{"base_resp":{"ret":0,"err_msg":"ok"},"redirect_url":"/cgi-bin/home?t=home/index&lang=zh_CN&token=%s"}`, p.token)
}

// page serves what a live session gets.
func (p *platform) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	json := func(body string) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}
	switch r.URL.Path {
	case "/cgi-bin/home":
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		fmt.Fprintf(w, `<script>wx.commonData={data:{t:"%s",ticket:"ticket-of-the-home-page",uin:"%s",user_name:"gh_0123456789ab"}};</script>`, q.Get("token"), testUIN)
	case "/cgi-bin/message":
		json(`{"base_resp":{"ret":0},"msg_items":"{\"msg_item\":[{\"id\":75,\"type\":1,\"fakeid\":\"844700001\",\"date_time\":1380000001,\"content\":\"hi\"}]}"}`)
	case "/cgi-bin/singlesendpage":
		json(fmt.Sprintf(`{"base_resp":{"ret":0},"page_info":{"msg_items":{"msg_item":[{"id":76,"type":1,"fakeid":"%s","content":"own"},{"id":75,"type":1,"fakeid":"%s","content":"hi"}]}}}`, testUIN, q.Get("tofakeid")))
	case "/cgi-bin/contactmanage":
		json(p.contacts2014(q))
	case "/cgi-bin/getcontactinfo":
		json(fmt.Sprintf(`{"base_resp":{"ret":0},"contact_info":{"fake_id":%s,"nick_name":"小明","gender":1}}`, r.PostForm.Get("fakeid")))
	case "/cgi-bin/user_tag":
		if q.Get("action") == "get_fans_info" {
			json(fmt.Sprintf(`{"base_resp":{"ret":0},"user_list":{"user_info_list":[{"user_openid":"%s","user_name":"小明","user_head_img":"%s/avatars/1"}]}}`, r.PostForm.Get("user_openid"), p.URL))
			return
		}
		json(p.contacts2016(q))
	case "/misc/getheadimg", "/misc/getqrcode", "/cgi-bin/getimgdata", "/cgi-bin/getvoicedata", "/cgi-bin/getvideodata":
		w.Header().Set("Content-Type", "image/jpg")
		fmt.Fprintf(w, "bytes of %s %s%s", r.URL.Path, q.Get("fakeid"), q.Get("msgid"))
	default:
		http.NotFound(w, r)
	}
}

func (p *platform) contacts2014(q url.Values) string {
	size, _ := strconv.Atoi(q.Get("pagesize"))
	size = min(size, p.limit)
	page, _ := strconv.Atoi(q.Get("pageidx"))
	var lines []string
	for i := page * size; i < min((page+1)*size, p.people); i++ {
		lines = append(lines, fmt.Sprintf(`{\"id\":%d,\"nick_name\":\"n%d\"}`, 844700000+i, i))
	}
	return `{"base_resp":{"ret":0},"contact_list":"{\"contacts\":[` + strings.Join(lines, ",") + `]}"}`
}

func (p *platform) contacts2016(q url.Values) string {
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, p.limit)
	start := 0
	if q.Get("begin_openid") != "-1" {
		fmt.Sscanf(q.Get("begin_openid"), "oFIXTURE%d", &start)
		if q.Get("begin_create_time") != strconv.Itoa(1469170000-start) {
			return `{"base_resp":{"ret":-1}}`
		}
		start++
	}
	var lines []string
	for i := start; i < min(start+limit, p.people); i++ {
		lines = append(lines, fmt.Sprintf(`{"user_openid":"oFIXTURE%020d","user_name":"n%d","user_create_time":%d}`, i, i, 1469170000-i))
	}
	return `{"base_resp":{"ret":0},"user_list":{"user_info_list":[` + strings.Join(lines, ",") + `]}}`
}

// loginElsewhere is another browser's login: it ends the client's session.
func (p *platform) loginElsewhere() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token, p.sid = "1999999999", "sid-of-somebody-else"
}

func (p *platform) set(f func(p *platform)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// count tells how many requests of a path came.
func (p *platform) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, r := range p.requests {
		if r.path == path {
			n++
		}
	}
	return n
}

func (p *platform) all() []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]seen(nil), p.requests...)
}

func (p *platform) last() seen {
	all := p.all()
	return all[len(all)-1]
}

// clock is a clock that jumps: waiting for it takes no time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1380000000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// After jumps ahead by d.
func (c *clock) After(d time.Duration) <-chan time.Time {
	c.Advance(d)
	ch := make(chan time.Time, 1)
	ch <- c.Now()
	return ch
}

// memory is a session store for tests.
type memory struct {
	mu sync.Mutex
	m  map[callbackd.AccountID][]byte
}

func (m *memory) GetSession(ctx context.Context, id callbackd.AccountID) ([]byte, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.m[id]
	if !ok {
		return nil, time.Time{}, fmt.Errorf("session of account %d: %w", id, callbackd.ErrNotFound)
	}
	return bytes.Clone(b), time.Time{}, ctx.Err()
}

func (m *memory) SetSession(ctx context.Context, id callbackd.AccountID, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.m == nil {
		m.m = map[callbackd.AccountID][]byte{}
	}
	m.m[id] = bytes.Clone(b)
	return nil
}

// witness gathers everything that the client gives out.
type witness struct {
	mu       sync.Mutex
	logs     bytes.Buffer
	kept     map[string][]byte // by page, all of them one after the other
	outcomes []string          // page:outcome
}

func (w *witness) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.Write(b)
}

func (w *witness) keep(_ context.Context, _ callbackd.AccountID, page string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept[page] = append(w.kept[page], body...)
}

func (w *witness) observe(_ callbackd.Slug, page, outcome string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes = append(w.outcomes, page+":"+outcome)
}

func (w *witness) logText() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs.String()
}

// rig is a client before a fake platform.
type rig struct {
	*Client
	platform *platform
	store    *memory
	witness  *witness
	acc      *callbackd.Account
}

func newRig(t *testing.T, d callbackd.Dialect) *rig {
	t.Helper()
	r := &rig{platform: newPlatform(t), store: &memory{}, witness: &witness{kept: map[string][]byte{}}}
	r.acc = &callbackd.Account{ID: 7, Slug: "gala", MPWeb: &callbackd.MPWebLogin{Username: testUser, Password: testPassword, Dialect: d}}
	r.Client = r.newClient(t)
	return r
}

// newClient is the client of another process over the same store.
func (r *rig) newClient(t *testing.T) *Client {
	t.Helper()
	c, err := New(Config{
		BaseURL: r.platform.URL, Sessions: r.store, Keep: r.witness.keep, Observe: r.witness.observe,
		Log: slog.New(slog.NewTextHandler(r.witness, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now: r.platform.clock.Now, After: r.platform.clock.After,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
