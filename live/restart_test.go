package live_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/live"
)

// crowdSize is how many sockets a restart must bear.
const crowdSize = 2000

// F17: the server ends and another one begins. Everybody is told to come back, is
// asked for once, and learns that the pages must look at the rows. How they spread
// over time is the pages' own matter (web/static/js/live.js).
func TestF17_TwoThousandSocketsComeBackAfterARestart(t *testing.T) {
	var asked atomic.Int64
	start := func() (*httptest.Server, func()) {
		hub, err := live.New(live.Config{WallExists: func(s callbackd.Slug) bool { asked.Add(1); return s == "gala" }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- hub.Run(ctx) }()
		srv := httptest.NewServer(hub.Handler())
		eventually(t, "hub is ready", hub.Ready)
		return srv, func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			srv.Close()
		}
	}
	first, endFirst := start()
	crowd := together(t, first, nil)
	if got := asked.Load(); got != crowdSize {
		t.Fatalf("asked %d times for %d sockets", got, crowdSize)
	}
	places := make([]string, crowdSize) // the epoch in which each of them had its place
	for i, v := range crowd {
		places[i] = v.epoch
	}
	endFirst()
	for i, v := range crowd {
		if !v.hangUp() {
			t.Fatalf("socket %d goes on with a server that has ended", i)
		}
	}
	asked.Store(0)
	second, endSecond := start()
	defer endSecond()
	back := together(t, second, places)
	if got := asked.Load(); got != crowdSize {
		t.Errorf("asked %d times for %d sockets that came back", got, crowdSize)
	}
	for i, v := range back {
		if v.recovered {
			t.Fatalf("socket %d is told that it missed nothing", i)
		}
		v.close()
	}
}

// member is one socket of a crowd.
type member struct {
	*viewer
	epoch     string
	recovered bool
}

// together connects and subscribes a crowd, some dozens at a time; with places,
// each as one that was away.
func together(t *testing.T, srv *httptest.Server, places []string) []*member {
	t.Helper()
	crowd := make([]*member, crowdSize)
	next := make(chan int)
	var parts sync.WaitGroup
	for range 50 {
		parts.Go(func() {
			for i := range next {
				place := ""
				if places != nil {
					place = places[i]
				}
				m, err := join(t, srv, place)
				if err != nil {
					t.Errorf("socket %d: %v", i, err)
					continue
				}
				crowd[i] = m
			}
		})
	}
	for i := range crowdSize {
		next <- i
	}
	close(next)
	parts.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return crowd
}

func join(t *testing.T, srv *httptest.Server, place string) (*member, error) {
	ws, err := dial(srv, srv.URL, "")
	if err != nil {
		return nil, err
	}
	v := &viewer{t: t, ws: ws}
	send := func(command string) (frame, error) {
		v.id++
		if err := websocket.Message.Send(ws, fmt.Sprintf(`{"id":%d,%s}`, v.id, command)); err != nil {
			return frame{}, err
		}
		for {
			f, err := v.read()
			if err != nil || f.ID == v.id {
				return f, err
			}
		}
	}
	if _, err := send(`"connect":{}`); err != nil {
		return nil, err
	}
	subscribe := `"subscribe":{"channel":"wall:gala"}`
	if place != "" {
		subscribe = `"subscribe":{"channel":"wall:gala","recover":true,"offset":0,"epoch":` + jsonOf(place) + `}`
	}
	f, err := send(subscribe)
	if err != nil || f.Subscribe == nil {
		return nil, fmt.Errorf("no subscription: %+v, %v", f, err)
	}
	return &member{viewer: v, epoch: f.Subscribe.Epoch, recovered: f.Subscribe.Recovered}, nil
}
