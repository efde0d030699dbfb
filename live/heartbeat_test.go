package live_test

import (
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd/live"
)

// Claim 5 of CN104125141A, with our values: down 28 s after the last sign.
func TestF7_AHalfOpenSocketIsClosedWithin28Seconds(t *testing.T) {
	_, srv := startHub(t, func(c *live.Config) { c.PingInterval = 0 })
	ws, err := dial(srv, srv.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{t: t, ws: ws}
	defer v.close()
	if f := v.ask(`"connect":{}`); f.Connect == nil || f.Connect.Ping != 20 || !f.Connect.Pong {
		t.Errorf("connect: %+v", f.Connect)
	}
	if got := live.PongTimeout(live.Config{}); got != 8*time.Second {
		t.Errorf("pong within %v", got)
	}
}

// The peer vanished without a word. Guard: the library waits 5 s more for
// the goodbye of a peer that answers nothing; the hub stops reading at once.
func TestClaimC5C12_AHalfOpenConnectionIsDownWithoutAGoodbye(t *testing.T) {
	tape := &tapedListener{}
	r := newRegistry()
	hub, err := live.New(live.Config{Identify: bearer, Devices: r, PingInterval: 60 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(hub.Handler())
	tape.Listener, srv.Listener = srv.Listener, tape
	run(t, hub, srv)
	listen(t, connectAs(t, srv, 1), "one") // and then neither reads nor writes
	eventually(t, "it is down and closed", func() bool { return r.story("one") == "up down" && hub.Connections() == 0 })
	if hub.SendToDevice("one", []byte(`{}`)) {
		t.Error("sent to a half-open connection")
	}
	if !tape.gaveUp() {
		t.Error("the socket was kept for a goodbye")
	}
}

// tapedListener notes whether the server gave up reading from a connection.
type tapedListener struct {
	net.Listener
	mu   sync.Mutex
	past bool
}

func (l *tapedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tapedConn{Conn: c, tape: l}, nil
}

func (l *tapedListener) gaveUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.past
}

type tapedConn struct {
	net.Conn
	tape *tapedListener
}

func (c *tapedConn) SetReadDeadline(t time.Time) error {
	c.tape.mu.Lock()
	if now := time.Now(); !t.After(now) && t.After(now.Add(-time.Hour)) { // at hijacking the server sets 1970
		c.tape.past = true
	}
	c.tape.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

// A hundred times up and down leave nothing behind.
func TestF6_FlappingLeaksNothingAndBalances(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	flap := func() {
		v := connectAs(t, srv, 1)
		listen(t, v, "one")
		v.close()
	}
	flap()
	quiet := func() bool { return hub.Connections() == 0 && hub.Devices() == 0 }
	eventually(t, "the first is gone", quiet)
	before := runtime.NumGoroutine()
	for range 100 {
		flap()
	}
	eventually(t, "all are gone", quiet)
	got := strings.Fields(r.story("one"))
	if len(got) == 0 || len(got)%2 != 0 {
		t.Fatalf("%d turns", len(got))
	}
	for i, turn := range got {
		if turn != []string{"up", "down"}[i%2] {
			t.Fatalf("turn %d is %s", i, turn)
		}
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// Who does not read is dropped, and the others of the device go on.
func TestF8_ASlowReaderIsDroppedAndOthersGoOn(t *testing.T) {
	hub, srv, r := startDevices(t, func(c *live.Config, _ *registry) { c.QueueBytes, c.WriteTimeout = 64<<10, 3*time.Second })
	slow, quick, other := connectAs(t, srv, 1), connectAs(t, srv, 1), connectAs(t, srv, 2)
	listen(t, slow, "one")
	listen(t, quick, "one")
	listen(t, other, "other")
	eventually(t, "both are up", func() bool { return r.story("one") == "up" && r.story("other") == "up" })
	frame := `{"body":"` + strings.Repeat("a", 30<<10) + `"}`
	for end := time.Now().Add(patience); hub.Connections() == 3; { // slow reads nothing
		send(t, hub, "one", frame)
		if got := quick.next(); got.Text != frame {
			t.Fatalf("the quick one got %d bytes", len(got.Text))
		}
		send(t, hub, "other", `{}`)
		other.next()
		if time.Now().After(end) {
			t.Fatal("gave up waiting: the slow reader is dropped")
		}
	}
	send(t, hub, "one", `{"nid":"after"}`)
	if got := quick.next(); got.Text != `{"nid":"after"}` || r.story("one") != "up" {
		t.Errorf("after it: %s, told %q", got.Text, r.story("one"))
	}
}
