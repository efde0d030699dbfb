package push_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

// canary is a server inside that nothing may reach.
func canary(t *testing.T) (url string, visits *atomic.Int64) {
	t.Helper()
	visits = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL, visits
}

func TestF29_FollowsNoRedirect(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		inside, visits := canary(t)
		for _, status := range []int{301, 302, 303, 307, 308} {
			d.Answer(pushtest.Answer{Status: status, Header: header("Location", inside+"/latest/meta-data/")})
			r := send(sender, to)
			want(t, r, push.Refused, status)
			if r.Reason != push.ReasonRedirect {
				t.Errorf("%d: reason %s", status, r.Reason)
			}
		}
		if visits.Load() != 0 {
			t.Errorf("the server inside was reached %d times", visits.Load())
		}
	})
}

// everyName is a resolver that gives one address for all names.
func everyName(t *testing.T, address string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() { // ends with the socket
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Header.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				ip := net.ParseIP(address).To4()
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: [4]byte(ip)},
				}}
			}
			if out, err := m.Pack(); err == nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name of a real service whose address turned to the inside.
func TestF29_RefusesANameThatLeadsInside(t *testing.T) {
	s := newStage(t)
	d := s.fake.NewBrowser("one", "")
	to := s.subscribed(d.SubscriptionAt("https://updates.push.services.mozilla.com/wpush/v2/synthetic"))
	for _, address := range []string{"127.0.0.1", "169.254.169.254", "10.1.2.3", "100.64.0.1", "0.0.0.0"} {
		w := s.webPush(func(c *push.WebPushConfig) { c.Resolver = everyName(t, address) })
		r := send(w, to)
		want(t, r, push.Refused, 0)
		if r.Reason != push.ReasonGuard {
			t.Errorf("%s: %+v", address, r)
		}
	}
}

// Where the operator's network answers for the services itself, a range that they
// allow is dialled; what else is inside is not.
func TestWebPush_ReachesTheRangesThatAreAllowed(t *testing.T) {
	s := newStage(t)
	to := s.subscribed(s.fake.NewBrowser("one", "").SubscriptionAt("https://updates.push.services.mozilla.com/wpush/v2/synthetic"))
	for address, reached := range map[string]bool{"127.0.0.1": true, "127.0.0.2": false} {
		w := s.webPush(func(c *push.WebPushConfig) {
			c.Resolver, c.Allow = everyName(t, address), []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		})
		r := send(w, to) // nothing speaks TLS at port 443 there
		if r.Outcome == push.Accepted || (r.Reason != push.ReasonGuard) != reached {
			t.Errorf("%s: %+v", address, r)
		}
	}
}

// The operator's own host may have any address, its neighbours may not.
func TestWebPush_ExtraHostReachesInsideAlone(t *testing.T) {
	s := newStage(t)
	d, to := s.browser("one")
	want(t, send(s.webPush(nil), to), push.Accepted, 201)
	one(t, d)

	_, port, err := net.SplitHostPort(s.fake.Host())
	if err != nil {
		t.Fatal(err)
	}
	named := mustHosts(t, "push.operator.example:"+port)
	sub, err := named.ParseSubscription(d.SubscriptionAt("http://push.operator.example:" + port + "/wpush/v2/" + d.Token))
	if err != nil {
		t.Fatal(err)
	}
	w := s.webPush(func(c *push.WebPushConfig) { c.Hosts, c.Resolver = named, everyName(t, "127.0.0.1") })
	want(t, send(w, push.Target{Subscription: sub}), push.Accepted, 201)
	// a subscription from before the list became shorter is not even dialled
	if r := send(w, to); r.Outcome != push.Refused || r.Reason != push.ReasonTarget {
		t.Errorf("a host that is no longer named: %+v", r)
	}
}

func TestWebPush_RefusesTargetsThatAreNone(t *testing.T) {
	s := newStage(t)
	_, phone := s.iPhone("phone")
	for name, to := range map[string]push.Target{"nothing": {}, "a token": phone} {
		if r := send(s.webPush(nil), to); r.Outcome != push.Refused || r.Reason != push.ReasonTarget {
			t.Errorf("%s: %+v", name, r)
		}
	}
	_, browser := s.browser("browser")
	for name, sender := range map[string]push.Sender{"apns": s.apns(nil), "fcm": s.fcm(nil)} {
		for _, to := range []push.Target{{}, browser} {
			if r := send(sender, to); r.Outcome != push.Refused || r.Reason != push.ReasonTarget {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
	if n := len(s.fake.Requests()); n != 0 {
		t.Errorf("%d requests went out", n)
	}
}

func TestTokens_AreCheckedBeforeTheyGoIntoAURL(t *testing.T) {
	for _, bad := range []string{"", "../../etc", "abc", "12345678901234567", strings.Repeat("a", 402), "0123456789abcdeg", "0123456789abcdef/x", "0123456789abcdef?x"} {
		if _, err := push.ParseAPNsToken(bad); err == nil {
			t.Errorf("apns takes %q", bad)
		}
	}
	for _, bad := range []string{"", "a b", "a\"b", "a/b", strings.Repeat("a", 4097)} {
		if _, err := push.ParseFCMToken(bad); err == nil {
			t.Errorf("fcm takes %q", bad)
		}
	}
}

// Somebody who makes up hosts fills no memory.
func TestWebPush_KeepsFewOrigins(t *testing.T) {
	s := newStage(t)
	w := s.webPush(func(c *push.WebPushConfig) { c.Resolver = everyName(t, "10.0.0.1") })
	d := s.fake.NewBrowser("one", "")
	for i := range push.MaxOrigins + 10 {
		to := s.subscribed(d.SubscriptionAt("https://made-up-" + strconv.Itoa(i) + ".notify.windows.com/w/"))
		if r := send(w, to); r.Reason != push.ReasonGuard {
			t.Fatalf("%+v", r)
		}
	}
	if n := w.Origins(); n != push.MaxOrigins {
		t.Errorf("%d origins are kept", n)
	}
}
