//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// page is an open page without a browser: it hears the wall and says what it has.
type page struct {
	ws   *websocket.Conn
	name string
}

func (v *served) page(name string) *page {
	v.Helper()
	ws, err := websocket.Dial("ws"+strings.TrimPrefix(v.url, "http")+"/live/websocket", "", v.url)
	v.must(err)
	v.Cleanup(func() { ws.Close() })
	p := &page{ws, name}
	v.must(p.say(`{"id":1,"connect":{}}` + "\n" + `{"id":2,"subscribe":{"channel":"wall:spring"}}`))
	v.must(p.report(0))
	return p
}

func (p *page) say(command string) error { return websocket.Message.Send(p.ws, command) }

func (p *page) report(rev int64) error {
	return p.say(fmt.Sprintf(`{"id":%d,"rpc":{"method":"screen","data":{"wall":"spring","name":%q,"rev":%d}}}`, 10+rev, p.name, rev))
}

// run answers every stage as a browser does that has painted it, until the end.
func (p *page) run() {
	for {
		var raw string
		if websocket.Message.Receive(p.ws, &raw) != nil {
			return
		}
		for line := range strings.SplitSeq(raw, "\n") {
			var f struct {
				Push *struct {
					Pub *struct {
						Data callbackd.Change `json:"data"`
					} `json:"pub"`
				} `json:"push"`
			}
			if strings.TrimSpace(line) == "{}" {
				_ = p.say("{}")
			}
			if json.Unmarshal([]byte(line), &f) == nil && f.Push != nil && f.Push.Pub != nil && f.Push.Pub.Data.Op == callbackd.ChangeControl {
				_ = p.report(f.Push.Pub.Data.Rev)
			}
		}
	}
}

// hall is a server with open pages, three of them browsers.
type hall struct {
	*served
	server *server
	db     *store.DB
	acc    *callbackd.Account
}

// screens are the names of those that have painted a rev of the stage, with the
// time at which the server heard of it.
func (h *hall) screens(rev int64) map[string]time.Time {
	out := map[string]time.Time{}
	for _, s := range h.server.hub.Screens(h.acc.Slug) {
		if s.Rev >= rev {
			out[s.Name] = s.At
		}
	}
	return out
}

// serveInside runs a server of which the test holds the parts, as the desk does.
func (s *shell) serveInside() (*served, *server) {
	s.Helper()
	a := &app{stderr: newStream(), getenv: func(name string) string { return s.env[name] }}
	newRoot(a)
	cfg, err := a.config()
	s.must(err)
	inst, err := a.openForServer(s.Context(), cfg)
	s.must(err)
	public, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	srv, err := newServer(s.Context(), inst)
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{shell: s, stdout: newStream(), stderr: newStream(), exit: make(chan int, 1), cancel: cancel}
	go func() {
		err := srv.run(ctx, ports{public: public})
		inst.close()
		r.exit <- map[bool]int{true: exitDone, false: exitFailure}[err == nil]
	}()
	s.Cleanup(func() {
		if r.exit != nil {
			r.end()
		}
	})
	v := &served{running: r, url: "http://" + public.Addr().String()}
	v.eventually("the server is ready", func() bool { code, _ := v.get("/readyz"); return code == http.StatusOK })
	return v, srv
}

// newHall opens a wall on so many pages and waits until the server knows them.
func newHall(t *testing.T, s *shell, pages int) *hall {
	t.Helper()
	h := &hall{}
	h.served, h.server = s.serveInside()
	h.db, h.acc = h.server.inst.db, s.account("spring")
	var running sync.WaitGroup
	t.Cleanup(running.Wait)
	for i := range pages - 3 {
		p := h.page(fmt.Sprintf("page %d", i))
		running.Go(p.run)
	}
	for i := range 3 {
		b := h.tab(1920, 1080, fmt.Sprintf("/wall/spring?screen=browser+%d", i))
		b.until("the page is live", `document.getElementById('state').dataset.state === 'live'`)
	}
	h.eventually("all pages", func() bool { return len(h.server.hub.Screens("spring")) == pages })
	return h
}

// take is a step with the wall; it returns after how long each page had painted it.
func (h *hall) take(kind callbackd.ControlKind, pages int) map[string]time.Duration {
	h.Helper()
	start := time.Now()
	rev, err := h.db.SetStage(context.Background(), h.acc.ID, callbackd.Control{Kind: kind}, "test")
	h.must(err)
	h.eventually(string(kind)+" on all pages", func() bool {
		s := wall.Painted(h.server.hub.Screens("spring"), rev)
		time.Sleep(time.Millisecond) // leaves the processor to those who paint
		return s.Painted == pages && s.All == pages && len(s.Behind) == 0
	})
	took := map[string]time.Duration{}
	for name, at := range h.screens(rev) {
		took[name] = at.Sub(start)
	}
	return took
}

// quantile of times, q from 0 to 1.
func quantile(times []time.Duration, q float64) time.Duration {
	slices.Sort(times)
	return times[max(0, int(math.Ceil(q*float64(len(times))))-1)]
}

// TestPanic_IsOnEveryPageAndSurvives: twenty pages paint the still card and say
// so; after a restart it is in force.
func TestPanic_IsOnEveryPageAndSurvives(t *testing.T) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "open"})
	i, a := s.installation(), s.account("spring")
	i.say(t, a, "oA", "第一句")
	const pages = 20
	h := newHall(t, s, pages)
	if took := h.take(callbackd.ControlPanic, pages); len(took) != pages || took["browser 2"] <= 0 {
		t.Errorf("%v", took)
	}
	h.cancel()
	h.end()
	v := s.serve()
	if m := v.messages(); !m.Paused || m.Control.State != "panic" || len(m.Messages) != 0 {
		t.Errorf("after a restart: %+v", m)
	}
}

// BenchmarkTablePanic measures until 200 open pages, three of them browsers, have
// painted the still card, as the server hears of it.
func BenchmarkTablePanic(b *testing.B) {
	// The helpers are a test's; the testing package runs one here.
	testing.Init()
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "panic", F: func(t *testing.T) { measurePanic(t, b) }}})
	if !ok {
		b.Fatal("it was not measured")
	}
}

func measurePanic(t *testing.T, b *testing.B) {
	const pages, rounds = 200, 20
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "open"})
	i, a := s.installation(), s.account("spring")
	for n := range 50 {
		i.say(t, a, "oA", fmt.Sprint("第", n, "句"))
	}
	h := newHall(t, s, pages)
	var all, browsers []time.Duration
	for range rounds {
		for name, took := range h.take(callbackd.ControlPanic, pages) {
			all = append(all, took)
			if strings.HasPrefix(name, "browser") {
				browsers = append(browsers, took)
			}
		}
		h.take(callbackd.ControlResume, pages)
	}
	b.ReportMetric(0, "ns/op")
	for name, v := range map[string]time.Duration{"p50-ms": quantile(all, 0.5), "p99-ms": quantile(all, 0.99), "browser-p50-ms": quantile(browsers, 0.5), "browser-p99-ms": quantile(browsers, 0.99)} {
		b.ReportMetric(float64(v.Microseconds())/1000, name)
	}
	b.Logf("panic with %d open pages, %d of them browsers, %d times: painted p50 %v, p99 %v; browsers p50 %v, p99 %v", pages, 3, rounds,
		quantile(all, 0.5), quantile(all, 0.99), quantile(browsers, 0.5), quantile(browsers, 0.99))
}
