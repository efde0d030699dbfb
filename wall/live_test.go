package wall_test

import (
	"net/http/httptest"
	"strings"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/live"
)

// liveHub runs a real hub, and returns a call that waits for the next
// publication on the wall gala.
func liveHub(s *stage) (*live.Hub, func() string) {
	s.Helper()
	hub, err := live.New(live.Config{WallExists: func(callbackd.Slug) bool { return true }, PingInterval: time.Hour})
	s.must(err)
	run(s, hub.Run)
	for end := time.Now().Add(patience); !hub.Ready(); {
		if time.Now().After(end) {
			s.Fatal("waited for the hub")
		}
	}
	srv := httptest.NewServer(hub.Handler())
	s.Cleanup(srv.Close)
	ws, err := websocket.Dial("ws"+strings.TrimPrefix(srv.URL, "http")+"/live/websocket", "", srv.URL)
	s.must(err)
	s.Cleanup(func() { ws.Close() })
	s.must(ws.SetDeadline(time.Now().Add(patience)))
	read := func(until string) string {
		for {
			var frame string
			if err := websocket.Message.Receive(ws, &frame); err != nil {
				s.Fatalf("waited for %s: %v", until, err)
			}
			if strings.Contains(frame, until) {
				return frame
			}
		}
	}
	s.must(websocket.Message.Send(ws, `{"id":1,"connect":{}}`+"\n"+`{"id":2,"subscribe":{"channel":"wall:gala"}}`))
	read(`"subscribe":`)
	return hub, func() string { return read(`"pub":`) }
}
