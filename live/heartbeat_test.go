package live_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"callbackd/live"
)

// F6: a hundred times up and down leave nothing behind.
func TestFlapping_LeaksNothingAndBalances(t *testing.T) {
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

// F8: who does not read is dropped, and the others of the device go on.
func TestSlowReader_OfADeviceIsDroppedAndOthersGoOn(t *testing.T) {
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
