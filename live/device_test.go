package live_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/websocket"

	"callbackd"
	"callbackd/live"
)

func TestDevice_IsOpenToItsViewerAlone(t *testing.T) {
	_, srv, r := startDevices(t, nil)
	tests := []struct {
		viewer  callbackd.ViewerID
		channel string
		code    int
	}{
		{1, "device:one", 0},
		{1, "device:other", permissionDenied},
		{2, "device:one", permissionDenied},
		{3, "device:one", permissionDenied},
		{1, "device:none", unknownChannel},
		{1, "device:", unknownChannel},
		{1, "device", permissionDenied},
		{1, "wall:gala", 0},
	}
	for _, tt := range tests {
		v := connectAs(t, srv, tt.viewer)
		if got := v.subscribe(tt.channel).code(); got != tt.code {
			t.Errorf("viewer %d, %s: error %d, want %d", tt.viewer, tt.channel, got, tt.code)
		}
		v.close()
	}
	before := r.times()
	if got := connect(t, srv).subscribe("device:one").code(); got != permissionDenied {
		t.Errorf("nobody in particular: error %d", got)
	}
	connectAs(t, srv, 1).subscribe("device:")
	if got := r.times(); got != before {
		t.Error("the rows were asked for nobody or for nothing")
	}
	_, without := startHub(t, func(c *live.Config) { c.Identify = bearer })
	if got := connectAs(t, without, 1).subscribe("device:one").code(); got != unknownChannel {
		t.Errorf("a hub without devices: error %d", got)
	}
}

func TestDevice_CanBeSetLater(t *testing.T) {
	hub, err := live.New(live.Config{Identify: bearer})
	if err != nil {
		t.Fatal(err)
	}
	r := newRegistry()
	hub.SetDevices(r)
	srv := httptest.NewUnstartedServer(hub.Handler())
	run(t, hub, srv)
	listen(t, connectAs(t, srv, 1), "one")
	eventually(t, "up is told", func() bool { return r.story("one") == "up" })
}

func TestSendToDevice_ReachesThatDeviceAlone(t *testing.T) {
	hub, srv, _ := startDevices(t, nil)
	one, both, other := connectAs(t, srv, 1), connectAs(t, srv, 1), connectAs(t, srv, 2)
	listen(t, one, "one")
	listen(t, both, "one")
	listen(t, both, "two")
	listen(t, other, "other")
	eventually(t, "they are counted", func() bool {
		return hub.SendToDevice("one", []byte(`{"nid":"a"}`)) && hub.SendToDevice("two", []byte(`{"nid":"b"}`)) && hub.SendToDevice("other", []byte(`{"nid":"c"}`))
	})
	send(t, hub, "one", "{\"nid\":\n\"last\"}")
	send(t, hub, "two", `{"nid":"last"}`)
	send(t, hub, "other", `{"nid":"last"}`)
	for i, tt := range []struct {
		v    *viewer
		want map[string]string
	}{
		{one, map[string]string{"a": "device:one"}},
		{both, map[string]string{"a": "device:one", "b": "device:two"}},
		{other, map[string]string{"c": "device:other"}},
	} {
		for last := 0; last < len(tt.want); {
			f, err := tt.v.read()
			if err != nil {
				t.Fatal(err)
			}
			if f.Push == nil || f.Push.Pub == nil {
				continue
			}
			nid := strings.Trim(strings.TrimPrefix(f.Push.Pub.Text, `{"nid":`), `"}`)
			if nid == "last" {
				last++
			} else if tt.want[nid] != f.Push.Channel {
				t.Errorf("viewer %d got %s on %s", i, f.Push.Pub.Text, f.Push.Channel)
			}
		}
	}
}

func TestSendToDevice_SaysWhenNobodyListens(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	v := connectAs(t, srv, 1)
	if hub.SendToDevice("one", []byte(`{}`)) {
		t.Error("sent to a device that nobody listens to")
	}
	listen(t, v, "one")
	eventually(t, "it is up", func() bool { return r.story("one") == "up" })
	if hub.SendToDevice("two", []byte(`{}`)) {
		t.Error("sent to another device")
	}
	if hub.SendToDevice("one", []byte(`{"type":`)) {
		t.Error("sent what is no JSON")
	}
	send(t, hub, "one", `{}`)
	v.close()
	eventually(t, "it is down", func() bool { return r.story("one") == "up down" })
	if hub.SendToDevice("one", []byte(`{}`)) {
		t.Error("sent to a device whose connection is gone")
	}
}

func TestDevice_HasNeitherHistoryNorRecovery(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	first := connectAs(t, srv, 1)
	at := first.subscribe("device:one").Subscribe
	if at == nil || at.Recoverable || at.Epoch != "" {
		t.Fatalf("subscribe: %+v", at)
	}
	eventually(t, "it is up", func() bool { return r.story("one") == "up" })
	send(t, hub, "one", `{"nid":"gone"}`)
	first.close()
	eventually(t, "it is down", func() bool { return r.story("one") == "up down" })

	v := connectAs(t, srv, 1)
	back := v.recover("device:one", at.Epoch, 0)
	if back.Subscribe == nil || back.Subscribe.Recovered || len(back.Subscribe.Publications) > 0 {
		t.Fatalf("recovered: %+v", back.Subscribe)
	}
	if f := v.ask(`"history":{"channel":"device:one","limit":10}`); f.Error == nil {
		t.Error("a device's history is given")
	}
}

func TestDevice_ClientsMayNotPublish(t *testing.T) {
	_, srv, _ := startDevices(t, nil)
	v := connectAs(t, srv, 1)
	listen(t, v, "one")
	for _, channel := range []string{"device:one", "device:other", "wall:gala"} {
		if f := v.ask(`"publish":{"channel":` + jsonOf(channel) + `,"data":{"nid":"forged"}}`); f.Error == nil {
			t.Errorf("published to %s", channel)
		}
	}
}

// Guard: told before the subscription is complete, the first notice is lost.
func TestDeviceUp_ComesWhenFramesReachTheConnection(t *testing.T) {
	for range 20 {
		sent := make(chan bool, 1)
		var hub *live.Hub
		hub, srv, _ := startDevices(t, func(_ *live.Config, r *registry) {
			r.onUp = func(d callbackd.PublicID) { sent <- hub.SendToDevice(d, []byte(`{"nid":"first"}`)) }
		})
		v := connectAs(t, srv, 1)
		id := v.say(`"subscribe":{"channel":"device:one"}`)
		replied := false
		for {
			f, err := v.read()
			if err != nil {
				t.Fatal(err)
			}
			replied = replied || f.ID == id
			if f.Push != nil && f.Push.Pub != nil {
				break
			}
		}
		if !replied {
			t.Error("the first frame came before the subscription's reply")
		}
		if !<-sent {
			t.Error("nobody listened when up was told")
		}
	}
}

func TestDevice_IsUpFromItsFirstSubscriptionToItsLast(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	a, b := connectAs(t, srv, 1), connectAs(t, srv, 1)
	listen(t, a, "one")
	listen(t, b, "one")
	if f := b.subscribe("device:one"); f.Error == nil {
		t.Error("the same connection is subscribed twice")
	}
	a.close()
	eventually(t, "one is gone", func() bool { return hub.Connections() == 1 })
	listen(t, b, "two") // b's commands come in order: what was told of one is told
	if got := r.story("one"); got != "up" {
		t.Fatalf("one: %s", got)
	}
	b.ask(`"unsubscribe":{"channel":"device:one"}`)
	eventually(t, "the last one is gone", func() bool { return r.story("one") == "up down" })
	listen(t, b, "one")
	b.close()
	eventually(t, "down on disconnect", func() bool { return r.story("one") == "up down up down" && r.story("two") == "up down" })
	if hub.Devices() != 0 {
		t.Error("the hub remembers devices that nobody listens to")
	}
}

// Guard: whatever comes at the same moment, up and down of a device take turns.
func TestDevice_UpAndDownTakeTurnsUnderRaces(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	devices := []callbackd.PublicID{"one", "two"}
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for range 25 {
				ws, err := dialAs(srv, 1)
				if err != nil {
					t.Error(err)
					return
				}
				v := &viewer{t: t, ws: ws} // somebody may drop it at any moment, so errors are no news
				commands := []string{`"connect":{}`}
				for range 3 {
					channel := jsonOf("device:" + devices[rand.IntN(2)])
					commands = append(commands, `"subscribe":{"channel":`+channel+`}`)
					if rand.IntN(2) == 0 {
						commands = append(commands, `"unsubscribe":{"channel":`+channel+`}`)
					}
				}
				for i, c := range commands {
					v.id = i + 1
					_ = v.send(c)
				}
				if rand.IntN(4) > 0 {
					_, _ = v.read()
				}
				switch rand.IntN(4) {
				case 0:
					hub.DropDevice(devices[rand.IntN(2)])
				case 1:
					hub.DropViewer(1)
				}
				v.close()
			}
		})
	}
	crowd.Wait()
	for _, d := range devices {
		eventually(t, "all is quiet about "+string(d), func() bool {
			return hub.Connections() == 0 && hub.Devices() == 0
		})
		turns := strings.Fields(r.story(d))
		if len(turns) == 0 || len(turns)%2 != 0 {
			t.Errorf("%s: %d turns", d, len(turns))
		}
		for i, turn := range turns {
			if want := []string{"up", "down"}[i%2]; turn != want {
				t.Fatalf("%s: turn %d of %d is %s", d, i, len(turns), turn)
			}
		}
	}
}

func TestDropDevice_UnsubscribesEverybodyForGood(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	a, b := connectAs(t, srv, 1), connectAs(t, srv, 1)
	for _, v := range []*viewer{a, b} {
		listen(t, v, "one")
		listen(t, v, "two")
	}
	eventually(t, "both are up", func() bool { return r.story("one") == "up" && r.story("two") == "up" })
	r.give("one", 2)
	hub.DropDevice("one")
	hub.DropDevice("none")
	eventually(t, "down", func() bool { return r.story("one") == "up down" })
	for _, v := range []*viewer{a, b} {
		f, err := v.read()
		if err != nil || f.Push == nil || f.Push.Unsubscribe == nil || f.Push.Channel != "device:one" {
			t.Fatalf("no word of it: %+v %v", f, err)
		}
		if code := f.Push.Unsubscribe.Code; code >= 2500 {
			t.Errorf("code %d asks to subscribe again", code)
		}
		if got := v.subscribe("device:one").code(); got != permissionDenied {
			t.Errorf("again: error %d", got)
		}
	}
	send(t, hub, "two", `{"nid":"x"}`)
	if got := a.next(); got.Text != `{"nid":"x"}` {
		t.Errorf("the other device: %s", got.Text)
	}
}

// Guard: an answer that was on its way when the device changed hands is void.
func TestDropDevice_AsksAgainForWhoIsOnTheWayIn(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	hub, srv, r := startDevices(t, func(_ *live.Config, r *registry) {
		r.onOpen = func(context.Context) error {
			once.Do(func() {
				asked <- struct{}{}
				<-answer
			})
			return nil
		}
	})
	v := connectAs(t, srv, 1)
	id := v.say(`"subscribe":{"channel":"device:one"}`)
	<-asked // it was viewer 1's when it was looked up
	r.give("one", 2)
	hub.DropDevice("one")
	close(answer)
	if got := v.answer(id).code(); got != permissionDenied {
		t.Fatalf("error %d", got)
	}
	if r.story("one") != "" || hub.Devices() != 0 {
		t.Errorf("told %q, remembers %d", r.story("one"), hub.Devices())
	}
}

func TestDropViewer_EndsItsConnectionsAndLetsThemComeBack(t *testing.T) {
	hub, srv, r := startDevices(t, nil)
	mine, other, nobody := connectAs(t, srv, 1), connectAs(t, srv, 2), connect(t, srv)
	listen(t, mine, "one")
	listen(t, other, "other")
	hub.DropViewer(0)
	hub.DropViewer(1)
	if code := closeCode(t, mine); code != 3011 {
		t.Errorf("close code %d: clients do not come back after 3500", code)
	}
	eventually(t, "its device is down", func() bool { return r.story("one") == "up down" })
	if got := nobody.subscribe("wall:gala"); got.Error != nil {
		t.Errorf("nobody in particular: error %d", got.code())
	}
	send(t, hub, "other", `{"nid":"x"}`)
	if got := other.next(); got.Text != `{"nid":"x"}` {
		t.Errorf("another viewer: %s", got.Text)
	}
	r.give("one", 9)
	if got := connectAs(t, srv, 1).subscribe("device:one").code(); got != permissionDenied {
		t.Errorf("back: error %d", got)
	}
}

// closeCode reads until the server's close frame.
func closeCode(t *testing.T, v *viewer) int {
	t.Helper()
	for {
		f, err := v.ws.NewFrameReader()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		if f.PayloadType() == websocket.CloseFrame && len(body) >= 2 {
			v.close()
			return int(binary.BigEndian.Uint16(body))
		}
	}
}

func TestIdentify_IsAskedOnceAHandshake(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	_, srv, _ := startDevices(t, func(c *live.Config, _ *registry) {
		c.Identify = func(r *http.Request) callbackd.ViewerID {
			mu.Lock()
			defer mu.Unlock()
			asked++
			return bearer(r)
		}
	})
	v := connectAs(t, srv, 1)
	listen(t, v, "one")
	listen(t, v, "two")
	v.call("read", `{"nid":"n"}`)
	mu.Lock()
	defer mu.Unlock()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestOpenDevice_FailuresAreTold(t *testing.T) {
	var err error
	_, srv, _ := startDevices(t, func(_ *live.Config, r *registry) { r.onOpen = func(context.Context) error { return err } })
	for want, failure := range map[int]error{
		permissionDenied: fmt.Errorf("bound to nobody: %w", callbackd.ErrConflict),
		internal:         errors.New("disk is full"),
	} {
		err = failure
		if got := connectAs(t, srv, 1).subscribe("device:one").code(); got != want {
			t.Errorf("%v: error %d, want %d", failure, got, want)
		}
	}
}
