package wechat

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

const testSecret = "0123456789abcdef0123456789abcdef"

func apiAccount() *callbackd.Account {
	return &callbackd.Account{Slug: "gala", AppID: testAppID, AppSecret: testSecret}
}

// fakeAPI is the platform's API as far as these tests need it: stable_token
// with its two modes, and one handler for all other calls, which is asked only
// when the token is the valid one.
type fakeAPI struct {
	t    *testing.T
	api  *httptest.Server
	call http.HandlerFunc // after the token was checked

	mu        sync.Mutex // guards what follows
	valid     string     // the token that calls must carry
	hands     string     // the token that the normal mode hands out; empty: the valid one
	life      int        // expires_in; 0: 7200
	normal    int        // requests of stable_token
	forced    int
	calls     int // other requests
	refuse    int // code for a token that is not valid; 0: 40001
	tokenFail string
	onToken   func() // runs in each stable_token request
}

func newFakeAPI(t *testing.T) *fakeAPI {
	f := &fakeAPI{t: t, valid: "TOKEN-1"}
	f.api = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.api.Close)
	return f
}

func (f *fakeAPI) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == pathStableToken {
		f.serveToken(w, r)
		return
	}
	f.mu.Lock()
	f.calls++
	valid, code := f.valid, f.refuse
	f.mu.Unlock()
	if r.URL.Query().Get("access_token") != valid {
		if code == 0 {
			code = 40001
		}
		fmt.Fprintf(w, `{"errcode":%d,"errmsg":"invalid credential, access_token is invalid or not latest rid: 1-2-3"}`, code)
		return
	}
	f.call(w, r)
}

func (f *fakeAPI) serveToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Method != http.MethodPost {
		f.t.Errorf("stable_token: %s, %v", r.Method, err)
	}
	if in.GrantType != "client_credential" || in.AppID != testAppID {
		f.t.Errorf("stable_token: %+v", in)
	}
	f.mu.Lock()
	onToken := f.onToken
	f.mu.Unlock()
	if onToken != nil {
		onToken()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if in.Force {
		f.forced++
		f.valid += "+"
		f.hands = ""
	} else {
		f.normal++
	}
	if f.tokenFail != "" {
		_, _ = io.WriteString(w, f.tokenFail)
		return
	}
	if in.Secret != testSecret {
		_, _ = io.WriteString(w, `{"errcode":40001,"errmsg":"invalid credential `+in.Secret+`"}`)
		return
	}
	token, life := f.hands, f.life
	if token == "" {
		token = f.valid
	}
	if life == 0 {
		life = 7200
	}
	fmt.Fprintf(w, `{"access_token":%q,"expires_in":%d}`, token, life)
}

// set changes the platform between two steps of a test.
func (f *fakeAPI) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeAPI) counts() (normal, forced, calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.normal, f.forced, f.calls
}

// wants fails the test unless that many requests were made in all.
func (f *fakeAPI) wants(normal, forced, calls int) {
	f.t.Helper()
	if n, fo, c := f.counts(); n != normal || fo != forced || c != calls {
		f.t.Errorf("%d normal and %d forced token requests, %d calls; want %d, %d, %d", n, fo, c, normal, forced, calls)
	}
}

// answers makes every call answer that text.
func (f *fakeAPI) answers(text string) *fakeAPI {
	f.call = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	return f
}

// testClock is a clock that stands still until it is moved.
type testClock struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// client returns a client of the fake, its clock and its log.
func (f *fakeAPI) client() (*Client, *testClock, *logBuffer) {
	clock, log := &testClock{at: noon}, &logBuffer{}
	c := NewClient(Config{
		APIURL: f.api.URL + "/", MPURL: "https://mp.example.com", HTTP: f.api.Client(), Now: clock.now,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	return c, clock, log
}

type logBuffer struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
