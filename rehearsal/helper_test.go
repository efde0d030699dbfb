package rehearsal

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
)

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_380_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// stage is a platform with one account and one follower, served.
type stage struct {
	*Platform
	clock  *clock
	a      *Account
	number callbackd.FakeID
	url    string
}

func newStage(t *testing.T, o Options, c AccountConfig) *stage {
	t.Helper()
	s := &stage{clock: newClock()}
	if o.Now == nil {
		o.Now = s.clock.Now
	}
	s.Platform = New(o)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	s.url = server.URL
	s.SetBaseURL(server.URL)
	if c.Slug == "" {
		c.Slug = "stage"
	}
	var err error
	if s.a, err = s.AddAccount(c); err != nil {
		t.Fatal(err)
	}
	crowd, err := s.Crowd(1)
	if err != nil {
		t.Fatal(err)
	}
	s.number = crowd[0]
	if err := s.a.FollowAll(crowd, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return s
}

// received is one request of the platform as the receiver got it.
type received struct {
	query  map[string]string
	header http.Header
	body   string
}

// receiver takes callbacks and answers as it is told.
type receiver struct {
	url    string
	mu     sync.Mutex // guards got
	got    []received
	answer func(n int, r received, w http.ResponseWriter)
}

// newReceiver serves a callback. answer gets the number of the request, from 0.
func newReceiver(t *testing.T, answer func(n int, r received, w http.ResponseWriter)) *receiver {
	t.Helper()
	rc := &receiver{answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read push: %v", err)
		}
		got := received{query: map[string]string{}, header: r.Header, body: string(body)}
		for k, v := range r.URL.Query() {
			got.query[k] = strings.Join(v, ",")
		}
		rc.mu.Lock()
		n := len(rc.got)
		rc.got = append(rc.got, got)
		rc.mu.Unlock()
		rc.answer(n, got, w)
	}))
	t.Cleanup(server.Close)
	rc.url = server.URL + "/callback/stage"
	return rc
}

func (rc *receiver) all() []received {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]received(nil), rc.got...)
}

func saySuccess(_ int, _ received, w http.ResponseWriter) { _, _ = io.WriteString(w, "success") }

func (r received) element(name string) string {
	_, rest, _ := strings.Cut(r.body, "<"+name+"><![CDATA[")
	value, _, _ := strings.Cut(rest, "]]>")
	return value
}
