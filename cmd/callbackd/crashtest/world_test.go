package crashtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// world is the simulated platform with its accounts, and a hook into what it answers.
type world struct {
	platform *rehearsal.Platform
	url      string
	accounts []*account
	hook     hook
}

// account is an official account with the people who follow it.
type account struct {
	*rehearsal.Account
	slug  callbackd.Slug
	crowd []callbackd.FakeID // only the test's own goroutine reads and grows it
}

func newWorld(t *testing.T, seed int64) *world {
	w := &world{platform: rehearsal.New(rehearsal.Options{Seed: seed,
		PageSkew:     rehearsal.Range{Min: -2 * time.Second, Max: 10 * time.Second},
		ListingDelay: rehearsal.Range{Max: 500 * time.Millisecond}})}
	w.hook.next = w.platform.Handler()
	server := httptest.NewServer(&w.hook)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.platform.SetBaseURL(server.URL)
	for _, c := range []rehearsal.AccountConfig{
		{Slug: "dialect-2014", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}},
		{Slug: "dialect-2016", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}},
		{Slug: "without-api", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}, API: rehearsal.APIConfig{None: true}},
	} {
		c.Mode, c.Operator.UserPage, c.Settings.Moderation = callbackd.ModeSafe, c.MP.Dialect == callbackd.Dialect2014, callbackd.ModerationOpen
		a, err := w.platform.AddAccount(c)
		if err != nil {
			t.Fatal(err)
		}
		w.accounts = append(w.accounts, &account{Account: a, slug: c.Slug})
	}
	return w
}

// settings point the program at this platform.
func (w *world) settings() []string {
	return []string{"--wechat-api-url", w.url, "--wechat-mp-url", w.url, "--wechat-open-url", w.url, "--mpweb-pace", "2ms"}
}

// newcomers makes n more people follow each account and returns them.
func (w *world) newcomers(t *testing.T, n int) map[*account][]callbackd.FakeID {
	t.Helper()
	out := map[*account][]callbackd.FakeID{}
	for _, a := range w.accounts {
		people, err := w.platform.Crowd(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.FollowAll(people, time.Time{}); err != nil {
			t.Fatal(err)
		}
		a.crowd = append(a.crowd, people...)
		out[a] = people
	}
	return out
}

// hook stands before the platform's pages and can hold one request, so that the
// job behind it is at work when the kill comes.
type hook struct {
	next http.Handler

	mu   sync.Mutex // guards want, held, free
	want []string   // paths of the request to hold; empty: none
	held chan struct{}
	free chan struct{}
}

// hold makes the next request for one of the paths wait until release.
func (h *hook) hold(paths ...string) (held <-chan struct{}, release func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.want, h.held, h.free = paths, make(chan struct{}), make(chan struct{})
	free := h.free
	return h.held, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.want = nil
		close(free)
	}
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	var free chan struct{}
	if slices.Contains(h.want, r.URL.Path) {
		h.want, free = nil, h.free
		close(h.held)
	}
	h.mu.Unlock()
	if free != nil {
		select {
		case <-free:
		case <-r.Context().Done(): // who asked is dead
			return
		}
	}
	h.next.ServeHTTP(w, r)
}
