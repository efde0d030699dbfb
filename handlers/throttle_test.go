package handlers_test

import (
	"strconv"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
	"callbackd/store/storetest"
)

func TestThrottle_WhatWasTakenComesBackEvenly(t *testing.T) {
	clock := storetest.NewClock()
	th := handlers.NewThrottle(clock.Now, 10)
	for i := range 3 {
		if wait := th.Take("a", 3, time.Minute); wait != 0 {
			t.Fatalf("take %d: wait %s", i, wait)
		}
	}
	for range 5 { // being refused costs nothing
		if wait := th.Take("a", 3, time.Minute); wait != 20*time.Second {
			t.Fatalf("the fourth: wait %s", wait)
		}
	}
	if wait := th.Take("b", 3, time.Minute); wait != 0 {
		t.Fatalf("another one: wait %s", wait)
	}
	clock.Advance(20*time.Second - 1)
	if wait := th.Take("a", 3, time.Minute); wait != 1 {
		t.Fatalf("just before: wait %s", wait)
	}
	clock.Advance(1)
	if wait := th.Take("a", 3, time.Minute); wait != 0 {
		t.Fatalf("after it: wait %s", wait)
	}
	clock.Advance(time.Hour)
	n := 0
	for th.Take("a", 3, time.Minute) == 0 {
		n++
	}
	if n != 3 {
		t.Fatalf("%d at once after a long time, want 3", n)
	}
}

func TestThrottle_AllAllowancesHoldAtOnce(t *testing.T) {
	clock := storetest.NewClock()
	th := handlers.NewThrottle(clock.Now, 10)
	taken := 0
	for range 240 { // each minute of four hours
		for th.TakeBoth("a", 5, time.Minute, 20, time.Hour) == 0 {
			taken++
		}
		if taken < 5 {
			t.Fatalf("%d in the first minute", taken)
		}
		clock.Advance(time.Minute)
	}
	if taken < 20+4*20-2 || taken > 20+4*20 {
		t.Fatalf("%d in four hours, want the 20 and 20 for each", taken)
	}
}

// TestThrottle_RemembersABoundedNumber, and whoever comes often longest.
func TestThrottle_RemembersABoundedNumber(t *testing.T) {
	clock := storetest.NewClock()
	th := handlers.NewThrottle(clock.Now, 100)
	for i := range 10_000 {
		th.Take(strconv.Itoa(i), 1, time.Hour)
		if wait := th.Take("busy", 1, time.Hour); i > 0 && wait == 0 {
			t.Fatalf("who is refused all the time was forgotten after %d others", i)
		}
		if th.Keys() > 200 {
			t.Fatalf("%d keys after %d callers", th.Keys(), i)
		}
	}
}

func TestThrottle_ANetworkOfIPv6IsOneCaller(t *testing.T) {
	for addr, want := range map[string]string{"203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64", "": ""} {
		if got := handlers.OfAddress(addr); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
}

// burst asks until it is refused.
func (s *apiSite) burst(most int, method, path, body string, headers ...string) (n int, refused reply) {
	s.Helper()
	for ; n <= most; n++ {
		if refused = s.call(method, path, body, headers...); refused.status == 429 {
			return n, refused
		}
		if refused.status >= 500 {
			s.Fatalf("%s %s: %d %s", method, path, refused.status, refused.body)
		}
	}
	return n, refused
}

// TestAPI_Throttles asks each route as often as it is let.
func TestAPI_Throttles(t *testing.T) {
	s := newAPISite(t, nil)
	for _, c := range []struct {
		method, path, body string
		most               int
		wait               string
	}{
		{"POST", "/me/binding", "", 10, "360"},
		{"GET", "/me/people?q=x", "", 60, "1"},
		{"POST", "/me/messages", `{"text":"x"}`, 6, "10"},
		{"POST", "/me/devices/x/test", "", 6, "10"},
		{"GET", "/me/preferences", "", 300, "1"},
		{"GET", "/me/binding", "", 300, "1"},
		{"POST", "/notices/x/read", "", 300, "1"},
	} {
		v := s.viewer(s.acc, s.follower(s.acc, ""))
		n, r := s.burst(c.most, c.method, "/api/v1"+c.path, c.body, v.bearer())
		if n != c.most || r.head.Get("Retry-After") != c.wait || r.field("error") == "" {
			t.Errorf("%s %s: %d, then %d %s, Retry-After %s", c.method, c.path, n, r.status, r.body, r.head.Get("Retry-After"))
		}
		if n, _ := s.burst(1, c.method, "/api/v1"+c.path, c.body, s.viewer(s.acc, s.follower(s.acc, "")).bearer()); n == 0 {
			t.Errorf("%s %s: another viewer is refused, too", c.method, c.path)
		}
		seconds, err := strconv.Atoi(c.wait)
		s.must(err)
		s.clock.Advance(time.Duration(seconds) * time.Second)
		if r := s.call(c.method, "/api/v1"+c.path, c.body, v.bearer()); r.status == 429 {
			t.Errorf("%s %s: still refused after %s s", c.method, c.path, c.wait)
		}
	}
}

// TestAPI_AFollowerSpeaks30TimesAnHour, by however many browsers.
func TestAPI_AFollowerSpeaks30TimesAnHour(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	n := 0
	for range 6 {
		for range 2 { // one is as good as the other
			more, _ := s.burst(6, "POST", messagesPath, `{"text":"x"}`, s.viewer(s.acc, who).bearer())
			n += more
		}
		s.clock.Advance(time.Minute)
	}
	if n != 30+2 { // and what has come back in the meantime
		t.Errorf("%d in six minutes", n)
	}
}

// TestAPI_ViewersAreThrottledByAddress: the last one that no trusted proxy added.
func TestAPI_ViewersAreThrottledByAddress(t *testing.T) {
	s := newAPISite(t, nil)
	from := func(hops string) string { return "X-Forwarded-For: " + hops }
	make := func(headers ...string) int {
		n, _ := s.burst(100, "POST", "/api/v1/viewers", `{"account":"spring"}`, headers...)
		return n
	}
	if n := make(from("203.0.113.1")); n != 60 {
		t.Errorf("%d at once", n)
	}
	if n := make(from("198.51.100.9, 203.0.113.1")); n != 0 {
		t.Error("what the client itself wrote counts")
	}
	if n := make(from("203.0.113.2")); n != 60 {
		t.Errorf("%d of another address", n)
	}
	if n := make(from("2001:db8::1")); n != 60 || make(from("2001:db8::2")) != 0 {
		t.Error("a network of IPv6 is many callers")
	}
	total := 60
	for range 29 {
		s.clock.Advance(time.Minute)
		total += make(from("203.0.113.1"))
	}
	if total < 1000 || total > 1500 { // and what has come back in the meantime
		t.Errorf("%d in half an hour", total)
	}
	// requests of nobody are bounded as well, and known viewers of that address are not
	v := s.viewer(s.acc, callbackd.Sender{})
	if n, _ := s.burst(400, "GET", "/api/v1/me/binding", "", "Authorization: Bearer x", from("203.0.113.3")); n != 300 {
		t.Errorf("%d of nobody", n)
	}
	s.want(200, "GET", "/api/v1/me/binding", "", v.bearer(), from("203.0.113.3"))
	s.want(401, "GET", "/api/v1/me/binding", "", "Authorization: Bearer x", from("203.0.113.4"))
}
