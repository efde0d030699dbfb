package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/live"
)

func TestCall_ReachesTheDevicesInOrder(t *testing.T) {
	_, srv, r := startDevices(t, nil)
	v := connectAs(t, srv, 1)
	var want []string
	for i := range 20 {
		v.say(fmt.Sprintf(`"rpc":{"method":"ack","data":{"nid":"n%d","how":"inline"}}`, i))
		want = append(want, fmt.Sprintf(`1 ack {"nid":"n%d","how":"inline"}`, i))
	}
	if f := v.call("state", `{"device":"one","active":true}`); f.Error != nil {
		t.Fatalf("state: error %d", f.code())
	}
	if f := v.call("read", `{"nid":"n1"}`); f.Error != nil {
		t.Fatalf("read: error %d", f.code())
	}
	want = append(want, `1 state {"device":"one","active":true}`, `1 read {"nid":"n1"}`)
	if got := r.heard(); !slices.Equal(got, want) {
		t.Errorf("heard %q", got)
	}
}

func TestCall_ErrorsAreToldByTheirKind(t *testing.T) {
	var out bytes.Buffer
	var err error
	_, srv, _ := startDevices(t, func(c *live.Config, r *registry) {
		c.Log = slog.New(slog.NewTextHandler(&out, nil))
		r.onCall = func(context.Context, string) error { return err }
	})
	v := connectAs(t, srv, 1)
	hush := errors.New("hush")
	tests := []struct {
		err  error
		code int
		text string
	}{
		{callbackd.Public(callbackd.ErrInvalid, "how is inline, prompt or silent", hush), badRequest, "how is inline, prompt or silent"},
		{fmt.Errorf("%w: hush", callbackd.ErrInvalid), badRequest, "bad request"},
		{fmt.Errorf("hush: %w", callbackd.ErrNotFound), permissionDenied, "permission denied"},
		{fmt.Errorf("hush: %w", callbackd.ErrForbidden), permissionDenied, "permission denied"},
		{fmt.Errorf("hush: %w", callbackd.ErrConflict), permissionDenied, "permission denied"},
		{fmt.Errorf("hush: %w", callbackd.ErrUnavailable), internal, "internal server error"},
		{errors.New("hush: disk is full"), internal, "internal server error"},
	}
	for _, tt := range tests {
		err = tt.err
		f := v.call("ack", `{"nid":"n"}`)
		if f.code() != tt.code || f.Error.Message != tt.text {
			t.Errorf("%v: %+v", tt.err, f.Error)
		}
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "disk is full") {
		t.Errorf("log: %s", got)
	}
}

func TestCall_RefusesWhatIsNone(t *testing.T) {
	_, srv, r := startDevices(t, nil)
	v := connectAs(t, srv, 1)
	for _, method := range []string{"", "State", "push", "presence", "unread"} {
		if got := v.call(method, `{}`).code(); got != methodNotFound {
			t.Errorf("method %q: error %d", method, got)
		}
	}
	if got := v.call("state", `{"device":"`+strings.Repeat("a", 1<<10)+`"}`).code(); got != badRequest {
		t.Errorf("a call too long: error %d", got)
	}
	if got := connect(t, srv).call("ack", `{"nid":"n"}`).code(); got != permissionDenied {
		t.Errorf("nobody in particular: error %d", got)
	}
	if got := r.heard(); len(got) > 0 {
		t.Errorf("heard %q", got)
	}
}

// Guard: a call in the reader's goroutine would hold up everything behind it.
func TestCall_DoesNotHoldUpTheConnection(t *testing.T) {
	called, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	_, srv, r := startDevices(t, func(_ *live.Config, r *registry) {
		r.onCall = func(context.Context, string) error {
			once.Do(func() {
				close(called)
				<-goOn
			})
			return nil
		}
	})
	v := connectAs(t, srv, 1)
	first := v.say(`"rpc":{"method":"ack","data":1}`)
	<-called
	second := v.say(`"rpc":{"method":"ack","data":2}`)
	if f := v.subscribe("wall:gala"); f.Error != nil {
		t.Fatalf("subscribe: error %d", f.code())
	}
	if got := r.heard(); len(got) > 0 {
		t.Fatalf("heard %q before the first call was over", got)
	}
	close(goOn)
	if f := v.answer(first); f.Error != nil {
		t.Fatalf("first: error %d", f.code())
	}
	if f := v.answer(second); f.Error != nil {
		t.Fatalf("second: error %d", f.code())
	}
	if got := r.heard(); !slices.Equal(got, []string{"1 ack 1", "1 ack 2"}) {
		t.Errorf("heard %q", got)
	}
}

func TestCall_EndsWhenItsTimeIsOver(t *testing.T) {
	hub, srv, r := startDevices(t, func(_ *live.Config, r *registry) {
		hang := func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
		r.onOpen = hang
		r.onCall = func(ctx context.Context, _ string) error { return hang(ctx) }
	})
	hub.SetLimits(20*time.Millisecond, 20*time.Millisecond)
	v := connectAs(t, srv, 1)
	if got := v.call("ack", `{}`).code(); got != internal {
		t.Errorf("call: error %d", got)
	}
	if got := v.subscribe("device:one").code(); got != internal {
		t.Errorf("subscribe: error %d", got)
	}
	hub.SetLimits(-time.Second, -time.Second) // it waited behind others
	before := r.times()
	if got := v.subscribe("device:one").code(); got != internal {
		t.Errorf("late subscribe: error %d", got)
	}
	if got := v.call("ack", `{}`).code(); got != internal {
		t.Errorf("late call: error %d", got)
	}
	if got := r.times(); got != before {
		t.Errorf("asked %d times although it was too late", got-before)
	}
}

// A page acknowledges and goes away: what it said counts.
func TestCall_IsHeardAlthoughTheConnectionIsGone(t *testing.T) {
	called, goOn := make(chan struct{}), make(chan struct{})
	hub, srv, r := startDevices(t, func(_ *live.Config, r *registry) {
		r.onCall = func(ctx context.Context, data string) error {
			if data == "1" {
				close(called)
				<-goOn
			}
			return ctx.Err()
		}
	})
	v := connectAs(t, srv, 1)
	v.say(`"rpc":{"method":"ack","data":1}`)
	v.say(`"rpc":{"method":"ack","data":2}`)
	v.subscribe("wall:gala") // behind this, both are in the lane
	<-called
	v.close()
	eventually(t, "the connection is gone", func() bool { return hub.Connections() == 0 })
	close(goOn)
	eventually(t, "both are heard", func() bool { return len(r.heard()) == 2 })
}

// Guard: with the budget of a stranger a lively wall ends the connection.
func TestBudget_LetsAViewerLiveAndStopsAFlood(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	v := connectAs(t, srv, 1)
	listen(t, v, "one")
	for i := range 450 { // a busy minute: heartbeats, and two notices a second, acknowledged and read
		method := []string{"ack", "read", "state"}[i%3]
		if f := v.call(method, `{"nid":"n"}`); f.Error != nil {
			t.Fatalf("command %d: error %d", i, f.code())
		}
	}
	if got := len(r.heard()); got != 450 {
		t.Fatalf("heard %d", got)
	}
	for i := range 300 {
		v.id = 1000 + i
		if err := v.send(`"rpc":{"method":"ack","data":{}}`); err != nil {
			break // it is gone already
		}
	}
	if !v.hangUp() {
		t.Fatal("the flood goes on")
	}
	eventually(t, "the connection is closed", func() bool { return hub.Connections() == 0 })
	if got := len(r.heard()); got > 600 {
		t.Errorf("heard %d calls in a minute", got)
	}
}

// Guard: without the wait, calls and downs come when the store is closed.
func TestRun_EndsAfterTheLastCallAndTheLastDown(t *testing.T) {
	called := make(chan struct{})
	r := newRegistry()
	var ended error
	r.onCall = func(ctx context.Context, _ string) error {
		close(called)
		<-ctx.Done()
		ended = ctx.Err()
		return nil
	}
	hub, err := live.New(live.Config{Identify: bearer, Devices: r})
	if err != nil {
		t.Fatal(err)
	}
	hub.SetStop(time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	srv := httptest.NewServer(hub.Handler())
	defer srv.Close()
	eventually(t, "hub is ready", hub.Ready)
	v := connectAs(t, srv, 1)
	listen(t, v, "one")
	v.say(`"rpc":{"method":"ack","data":1}`)
	<-called
	cancel()
	go v.hangUp()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := r.heard(); len(got) != 1 || r.story("one") != "up down" {
		t.Errorf("after the end: heard %q, told %q", got, r.story("one"))
	}
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("the call was not told to end: %v", ended)
	}
	if hub.SendToDevice("one", []byte(`{}`)) {
		t.Error("sent after the end")
	}
	hub.DropViewer(1)
	hub.DropDevice("one")
}
