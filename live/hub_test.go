package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/live"
)

func publish(t *testing.T, hub *live.Hub, changes ...callbackd.Change) {
	t.Helper()
	for _, c := range changes {
		if err := hub.PublishChange("gala", c); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPublishChange_ReachesEveryViewerInOrder(t *testing.T) {
	hub, srv := startHub(t, nil)
	viewers := []*viewer{connect(t, srv), connect(t, srv)}
	for _, v := range viewers {
		if f := v.subscribe("wall:gala"); f.Error != nil || !f.Subscribe.Recoverable {
			t.Fatalf("subscribe: %+v", f)
		}
	}
	for rev := int64(1); rev <= 20; rev++ {
		publish(t, hub, show(rev, callbackd.PublicID(fmt.Sprint("m", rev)), "晚上好 👋"))
	}
	for i, v := range viewers {
		for rev := int64(1); rev <= 20; rev++ {
			if got := v.next(); got.Data.Rev != rev || got.Data.Message.Text != "晚上好 👋" {
				t.Fatalf("viewer %d: rev %d came as %+v", i, rev, got.Data)
			}
		}
	}
}

func TestPublishChange_OtherWallsHearNothing(t *testing.T) {
	hub, srv := startHub(t, func(c *live.Config) {
		c.WallExists = func(s callbackd.Slug) bool { return s == "gala" || s == "other" }
	})
	v := connect(t, srv)
	v.subscribe("wall:other")
	publish(t, hub, show(1, "m1", "only for gala"))
	if err := hub.PublishChange("other", show(9, "m9", "for other")); err != nil {
		t.Fatal(err)
	}
	if got := v.next(); got.Data.Rev != 9 {
		t.Fatalf("a change of another wall came: rev %d", got.Data.Rev)
	}
}

func TestRecovery_GivesAShortGap(t *testing.T) {
	hub, srv := startHub(t, nil)
	publish(t, hub, show(1, "m1", "eins"))
	first := connect(t, srv)
	at := first.subscribe("wall:gala").Subscribe
	first.close()
	publish(t, hub, show(2, "m2", "zwei"), show(3, "m3", "drei"))

	back := connect(t, srv).recover("wall:gala", at.Epoch, at.Offset).Subscribe
	if !back.Recovered || len(back.Publications) != 2 || back.Publications[1].Data.Rev != 3 {
		t.Fatalf("recovered %v with %d changes", back.Recovered, len(back.Publications))
	}
}

func TestRecovery_RefusedAfterAnotherStart(t *testing.T) {
	_, one := startHub(t, nil)
	at := connect(t, one).subscribe("wall:gala").Subscribe
	_, two := startHub(t, nil)
	if connect(t, two).recover("wall:gala", at.Epoch, at.Offset).Subscribe.Recovered {
		t.Fatal("a hub that started anew says that nothing was missed")
	}
}

// Guard: without the emptying of history, the second recovery gives the words.
func TestRemoval_TakesTheWordsOutOfHistory(t *testing.T) {
	hub, srv := startHub(t, nil)
	first := connect(t, srv)
	at := first.subscribe("wall:gala").Subscribe
	first.close()
	publish(t, hub, show(1, "m1", "secret words"), show(2, "m2", "other words"))

	before := connect(t, srv).recover("wall:gala", at.Epoch, at.Offset).Subscribe
	if len(before.Publications) != 2 {
		t.Fatalf("the gap is not in history to begin with: %d changes", len(before.Publications))
	}
	publish(t, hub, remove(3, "m1"))

	after := connect(t, srv).recover("wall:gala", at.Epoch, at.Offset).Subscribe
	if after.Recovered {
		t.Error("recovery claims to be whole although changes were dropped")
	}
	for _, p := range after.Publications {
		if p.Data.Message != nil && p.Data.Message.ID == "m1" {
			t.Errorf("a removed message is given again: rev %d", p.Data.Rev)
		}
	}
}

func TestRemoval_ReachesWhoIsThereAndCarriesTheIDAlone(t *testing.T) {
	hub, srv := startHub(t, nil)
	v := connect(t, srv)
	v.subscribe("wall:gala")
	c := remove(2, "m1")
	c.Message = show(2, "m1", "secret words").Message
	publish(t, hub, show(1, "m1", "secret words"), c, show(3, "m2", "next"))
	if got := v.next(); got.Data.Rev != 1 {
		t.Fatalf("first change: %+v", got.Data)
	}
	if got := v.next(); got.Data.Op != callbackd.ChangeRemove || got.Data.ID != "m1" || got.Data.Message != nil {
		t.Fatalf("removal: %+v", got.Data)
	}
	if got := v.next(); got.Data.Rev != 3 {
		t.Fatalf("after the removal: %+v", got.Data)
	}
}

// Guard: a change that lost its race against the removal must not bring the
// words back into channel and history.
func TestRemoval_DropsALateChangeOfTheSameMessage(t *testing.T) {
	hub, srv := startHub(t, nil)
	v := connect(t, srv)
	v.subscribe("wall:gala")
	publish(t, hub, remove(5, "m1"), show(4, "m1", "secret words"), show(6, "m2", "next"))
	v.next()
	if got := v.next(); got.Data.Rev != 6 {
		t.Fatalf("a late change of a removed message came: rev %d", got.Data.Rev)
	}
	publish(t, hub, show(7, "m1", "approved again"))
	if got := v.next(); got.Data.Rev != 7 {
		t.Fatalf("approved again: %+v", got.Data)
	}
}

func TestStrangers_MaySubscribeToExistingWallsOnly(t *testing.T) {
	_, srv := startHub(t, nil)
	for _, channel := range []string{"wall:nobody", "wall:", "wall:GALA", "wall:gala/..", "gala", "device:1", "#gala", "wall:" + strings.Repeat("a", 80)} {
		v := connect(t, srv)
		if f := v.subscribe(channel); f.Error == nil {
			t.Errorf("subscribed to %q", channel)
		}
		v.close()
	}
}

func TestStrangers_MayNotPublishNorAsk(t *testing.T) {
	_, srv := startHub(t, nil)
	v := connect(t, srv)
	v.subscribe("wall:gala")
	for _, command := range []string{
		`"publish":{"channel":"wall:gala","data":{"rev":99}}`,
		`"history":{"channel":"wall:gala","limit":100}`,
		`"presence":{"channel":"wall:gala"}`,
		`"presence_stats":{"channel":"wall:gala"}`,
		`"rpc":{"method":"x","data":{}}`,
	} {
		if f := v.ask(command); f.Error == nil {
			t.Errorf("allowed: %s", command)
		}
	}
}

func TestStrangers_AreDroppedForTooMuch(t *testing.T) {
	tests := map[string]func(*viewer){
		"a frame beyond the limit": func(v *viewer) {
			_ = websocket.Message.Send(v.ws, `{"id":9,"rpc":{"method":"x","data":"`+strings.Repeat("a", 9<<10)+`"}}`)
		},
		"no JSON": func(v *viewer) { _ = websocket.Message.Send(v.ws, "hello") },
		"commands without end": func(v *viewer) {
			for i := range 500 {
				_ = websocket.Message.Send(v.ws, fmt.Sprintf(`{"id":%d,"rpc":{"method":"x"}}`, i+2))
			}
		},
	}
	for name, misbehave := range tests {
		t.Run(name, func(t *testing.T) {
			hub, srv := startHub(t, nil)
			v := connect(t, srv)
			misbehave(v)
			if !v.hangUp() {
				t.Fatal("the connection goes on")
			}
			eventually(t, "connection is closed: "+name, func() bool { return hub.Connections() == 0 })
		})
	}
}

func TestSlowReader_IsDroppedAndOthersGoOn(t *testing.T) {
	// a busy machine may hold the quick one up for a moment, not for seconds
	hub, srv := startHub(t, func(c *live.Config) { c.QueueBytes, c.WriteTimeout = 64<<10, 3*time.Second })
	slow, quick := connect(t, srv), connect(t, srv)
	slow.subscribe("wall:gala")
	quick.subscribe("wall:gala")
	words := strings.Repeat("字", 10<<10)
	end := time.Now().Add(patience)
	for rev := int64(1); hub.Connections() == 2; rev++ { // slow reads nothing
		publish(t, hub, show(rev, "m1", words))
		if got := quick.next(); got.Data.Rev != rev {
			t.Fatalf("the quick one got rev %d for %d", got.Data.Rev, rev)
		}
		if time.Now().After(end) {
			t.Fatal("gave up waiting: the slow reader is dropped")
		}
	}
}

func TestSilentClient_IsDropped(t *testing.T) {
	_, srv := startHub(t, func(c *live.Config) { c.PingInterval = 60 * time.Millisecond })
	if v := connect(t, srv); !v.hangUp() {
		t.Fatal("a client that answers no ping goes on")
	}
}

func TestHandshake_RefusesOtherOriginsAndTheBinaryProtocol(t *testing.T) {
	_, srv := startHub(t, nil)
	if ws, err := dial(srv, "https://evil.example", ""); err == nil {
		_ = ws.Close()
		t.Error("a foreign origin got a connection")
	}
	if ws, err := dial(srv, srv.URL, "?format=protobuf"); err == nil {
		_ = ws.Close()
		t.Error("the binary protocol got a connection by query")
	}
	if ws, err := dial(srv, srv.URL, "", "centrifuge-protobuf"); err == nil {
		_ = ws.Close()
		t.Error("the binary protocol got a connection by subprotocol")
	}
	_, judged := startHub(t, func(c *live.Config) {
		c.AllowOrigin = func(r *http.Request) bool { return r.Header.Get("Origin") == "https://wall.example" }
	})
	ws, err := dial(judged, "https://wall.example", "")
	if err != nil {
		t.Fatalf("the allowed origin: %v", err)
	}
	_ = ws.Close()
	if ws, err := dial(judged, judged.URL, ""); err == nil {
		_ = ws.Close()
		t.Error("AllowOrigin is not asked")
	}
}

func TestConnections_AreCountedAndLimited(t *testing.T) {
	hub, srv := startHub(t, func(c *live.Config) { c.MaxConnections = 2 })
	a := connect(t, srv)
	connect(t, srv)
	if got := hub.Connections(); got != 2 {
		t.Fatalf("%d connections, want 2", got)
	}
	if ws, err := dial(srv, srv.URL, ""); err == nil {
		_ = ws.Close()
		t.Fatal("a third connection got in")
	}
	a.close()
	eventually(t, "a place is free again", func() bool { return hub.Connections() == 1 })
	connect(t, srv)

	plain, err := http.Get(srv.URL) // no handshake at all
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, plain.Body)
	_ = plain.Body.Close()
	if plain.StatusCode/100 == 2 {
		t.Fatalf("a plain request got %d", plain.StatusCode)
	}
	if got := hub.Connections(); got != 2 {
		t.Fatalf("a plain request is counted: %d", got)
	}
}

func TestRun_ClosesEverybodyAndReturns(t *testing.T) {
	hub, err := live.New(live.Config{WallExists: func(callbackd.Slug) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(hub.Handler())
	defer srv.Close()
	if err := hub.PublishChange("gala", show(1, "m1", "x")); !errors.Is(err, callbackd.ErrUnavailable) {
		t.Fatalf("published before the start: %v", err)
	}
	if ws, err := dial(srv, srv.URL, ""); err == nil {
		_ = ws.Close()
		t.Fatal("a connection before the start")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	eventually(t, "hub is ready", hub.Ready)
	v := connect(t, srv)
	v.subscribe("wall:gala")
	cancel()
	if !v.hangUp() {
		t.Fatal("the connection goes on")
	}
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("gave up waiting: Run returns")
	}
	eventually(t, "everybody is gone", func() bool { return hub.Connections() == 0 })
	if err := hub.PublishChange("gala", show(1, "m1", "x")); !errors.Is(err, callbackd.ErrUnavailable) {
		t.Fatalf("published after the end: %v", err)
	}
}

func TestPublishChange_RefusesAWrongSlug(t *testing.T) {
	hub, _ := startHub(t, nil)
	if err := hub.PublishChange("NO", show(1, "m", "x")); !errors.Is(err, callbackd.ErrInvalid) {
		t.Fatal(err)
	}
}
