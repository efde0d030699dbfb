package push_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

func TestF21_LimitsAreHonoured(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		date := s.clock.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
		now := s.clock.Now().UTC().Format(http.TimeFormat)
		for name, c := range map[string]struct {
			header http.Header
			want   time.Duration
		}{
			"seconds":  {header("Retry-After", "120"), 2 * time.Minute},
			"a date":   {http.Header{"Retry-After": {date}, "Date": {now}}, 90 * time.Second},
			"without":  {nil, 300 * time.Second},
			"nonsense": {header("Retry-After", "later"), 300 * time.Second},
			"negative": {header("Retry-After", "-1"), 300 * time.Second},
		} {
			d.Answer(pushtest.Answer{Status: 429, Header: c.header})
			before := len(d.Requests())
			r := send(sender, to)
			want(t, r, push.Retry, 429)
			if r.RetryAfter != c.want || r.Scope != push.ScopeEndpoint {
				t.Errorf("%s: %+v, want %v", name, r, c.want)
			}
			// inside the wait nothing goes out, after it the next one does
			s.clock.Add(c.want - time.Second)
			r = send(sender, to)
			want(t, r, push.Retry, 0)
			if r.RetryAfter != time.Second || r.Reason != push.ReasonLimited || len(d.Requests()) != before+1 {
				t.Errorf("%s: inside the wait: %+v, %d requests", name, r, len(d.Requests())-before)
			}
			s.clock.Add(time.Second)
			if r := send(sender, to); r.Outcome != push.Accepted {
				t.Errorf("%s: after the wait: %+v", name, r)
			}
		}
	})
}

// another makes one more device of the same vendor.
func (s *stage) another(d *pushtest.Device, name string) (*pushtest.Device, push.Target) {
	s.t.Helper()
	switch d.Vendor {
	case pushtest.APNs:
		return s.iPhone(name)
	case pushtest.FCM:
		return s.android(name)
	}
	return s.browser(name)
}

func TestF21_LimitOfOneTargetLeavesTheOthers(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		d.Answer(pushtest.Answer{Status: 429})
		want(t, send(sender, to), push.Retry, 429)
		_, other := s.another(d, "other")
		if r := send(sender, other); r.Outcome != push.Accepted {
			t.Errorf("the other: %+v", r)
		}
		for _, name := range []string{"a", "b", "c"} { // nobody gets through any more
			d, to := s.another(d, name)
			d.Answer(pushtest.Answer{Status: 429, Header: header("Retry-After", "60")})
			want(t, send(sender, to), push.Retry, 429)
		}
		if r := send(sender, other); r.Outcome != push.Retry || r.Scope != push.ScopeOrigin || r.RetryAfter != time.Minute {
			t.Errorf("with the whole origin limited: %+v", r)
		}
	})
}

func TestSend_MaintenanceConcernsTheOrigin(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		d.Answer(pushtest.Answer{Status: 503, Header: header("Retry-After", "30")})
		r := send(sender, to)
		want(t, r, push.Retry, 503)
		if r.RetryAfter != 30*time.Second || r.Scope != push.ScopeOrigin {
			t.Errorf("%+v", r)
		}
		_, other := s.another(d, "other")
		if r := send(sender, other); r.Reason != push.ReasonLimited {
			t.Errorf("the other: %+v", r)
		}
	})
}

func TestF22_BrokenAnswersAreForLater(t *testing.T) {
	html := header("Content-Type", "text/html; charset=utf-8")
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		for name, c := range map[string]struct {
			answer pushtest.Answer
			reason string
		}{
			"500":           {pushtest.Answer{Status: 500}, ""},
			"502 as a page": {pushtest.Answer{Status: 502, Header: html, Body: "<html>Bad gateway</html>"}, ""},
			"504":           {pushtest.Answer{Status: 504, Body: strings.Repeat("x", 1<<20)}, ""},
			"408":           {pushtest.Answer{Status: 408}, ""},
			"a portal":      {pushtest.Answer{Status: 200, Header: html, Body: "<html>Welcome to the hotel</html>"}, push.ReasonUnreadable},
			"reset":         {pushtest.Answer{Reset: true}, push.ReasonConnection},
		} {
			d.Answer(c.answer)
			r := send(sender, to)
			want(t, r, push.Retry, c.answer.Status)
			if r.Reason != c.reason || r.RetryAfter != 0 {
				t.Errorf("%s: %+v", name, r)
			}
			if r := send(sender, to); r.Outcome != push.Accepted { // and the row is broken
				t.Fatalf("%s: then %+v", name, r)
			}
		}
	})
}

// Only the vendor's own words drop a registration, never a page's status.
func TestF22_APageOfAProxyDropsNoToken(t *testing.T) {
	s := newStage(t)
	page := header("Content-Type", "text/html")
	for _, status := range []int{400, 404, 410} {
		for _, body := range []string{"", "<html>410 Gone</html>", `{"reason":""}`, `{}`, "null", "[1"} {
			iPhone, toI := s.iPhone("i")
			iPhone.Answer(pushtest.Answer{Status: status, Header: page, Body: body})
			if r := send(s.apns(nil), toI); r.Outcome == push.Gone || r.Outcome == push.Accepted || r.Status != status {
				t.Errorf("apns, %d %q: %+v", status, body, r)
			}
			android, toA := s.android("a")
			android.Answer(pushtest.Answer{Status: status, Header: page, Body: body})
			if r := send(s.fcm(nil), toA); r.Outcome == push.Gone || r.Outcome == push.Accepted || r.Status != status {
				t.Errorf("fcm, %d %q: %+v", status, body, r)
			}
		}
	}
}

func TestF22_AnAnswerThatNeverComes(t *testing.T) {
	s := newStage(t)
	short := 50 * time.Millisecond
	browser, toB := s.browser("b")
	iPhone, toI := s.iPhone("i")
	android, toA := s.android("a")
	f := s.fcm(nil)
	want(t, send(f, toA), push.Accepted, 200) // the access token is there
	for _, c := range []struct {
		sender push.Sender
		d      *pushtest.Device
		to     push.Target
	}{
		{s.webPush(func(c *push.WebPushConfig) { c.Timeout = short }), browser, toB},
		{s.apns(func(c *push.APNsConfig) { c.Timeout = short }), iPhone, toI},
	} {
		c.d.Answer(pushtest.Answer{Hang: true})
		r := send(c.sender, c.to)
		want(t, r, push.Retry, 0)
		if r.Reason != push.ReasonTimeout {
			t.Errorf("%s: %+v", c.d.Name, r)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	android.Answer(pushtest.Answer{Hang: true})
	if r := f.Send(ctx, toA, example()); r.Outcome != push.Retry || r.Reason != push.ReasonTimeout {
		t.Errorf("fcm: %+v", r)
	}
}

func TestSend_TheCallerMayGiveUp(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		if r := send(sender, to); r.Outcome != push.Accepted { // connection and tokens are there
			t.Fatalf("%+v", r)
		}
		for range 6 { // more often than the breaker bears failures
			d.Answer(pushtest.Answer{Hang: true})
			ctx, cancel := context.WithCancel(t.Context())
			came := len(d.Requests())
			result := make(chan push.Result, 1)
			go func() { result <- sender.Send(ctx, to, example()) }()
			s.fake.Await(t, "the request that hangs", func(pushtest.Request) bool { return len(d.Requests()) > came })
			cancel()
			if r := <-result; r.Outcome != push.Retry || r.Reason != push.ReasonCancelled {
				t.Fatalf("%+v", r)
			}
		}
		if r := send(sender, to); r.Outcome != push.Accepted {
			t.Errorf("afterwards: %+v", r)
		}
	})
}

func TestF22_NoTrustIsForLater(t *testing.T) {
	s := newStage(t)
	hosts := mustHosts(t, strings.TrimPrefix(s.fake.TLSURL, "https://"))
	d := s.fake.NewBrowser("b", "")
	sub, err := hosts.ParseSubscription(d.SubscriptionAt(s.fake.TLSURL + "/wpush/v2/" + d.Token))
	if err != nil {
		t.Fatal(err)
	}
	_, toI := s.iPhone("i")
	_, toA := s.android("a")
	for name, r := range map[string]push.Result{
		"webpush": send(s.webPush(func(c *push.WebPushConfig) { c.Hosts = hosts }), push.Target{Subscription: sub}),
		"apns":    send(s.apns(func(c *push.APNsConfig) { c.URL = s.fake.TLSURL }), toI),
		"fcm":     send(s.fcm(func(c *push.FCMConfig) { c.URL = s.fake.TLSURL }), toA),
	} {
		if r.Outcome != push.Retry || r.Reason != push.ReasonTLS || r.Status != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSend_NobodyListensIsForLater(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	_, toI := s.iPhone("i")
	_, toA := s.android("a")
	for name, r := range map[string]push.Result{
		"apns": send(s.apns(func(c *push.APNsConfig) { c.URL = nobody }), toI),
		"fcm":  send(s.fcm(func(c *push.FCMConfig) { c.URL = nobody }), toA),
	} {
		if r.Outcome != push.Retry || r.Reason != push.ReasonConnection {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestF22_AnOriginThatFailsIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target) {
		for range 5 {
			d.Answer(pushtest.Answer{Status: 502})
			want(t, send(sender, to), push.Retry, 502)
		}
		_, other := s.another(d, "other")
		r := send(sender, other)
		if r.Reason != push.ReasonCircuit || r.Outcome != push.Retry || r.RetryAfter != 30*time.Second || r.Scope != push.ScopeOrigin {
			t.Fatalf("after five failures: %+v", r)
		}
		if n := len(d.Requests()); n != 5 {
			t.Errorf("%d requests went out", n)
		}
		s.clock.Add(30 * time.Second)
		d.Answer(pushtest.Answer{Status: 500})
		want(t, send(sender, to), push.Retry, 500) // the probe
		if r := send(sender, other); r.RetryAfter != time.Minute {
			t.Errorf("after a failed probe: %+v", r)
		}
		s.clock.Add(time.Minute)
		for _, to := range []push.Target{to, other, to} {
			if r := send(sender, to); r.Outcome != push.Accepted {
				t.Errorf("once it works again: %+v", r)
			}
		}
	})
}

// A service that is down takes no other with it.
func TestF22_BreakersAreOneAnOrigin(t *testing.T) {
	s, down := newStage(t), pushtest.Start(t, pushtest.Options{})
	s.hosts = mustHosts(t, s.fake.Host(), down.Host())
	w := s.webPush(nil)
	d := down.NewBrowser("down", s.vapid.PublicKey())
	toDown := s.subscribed(d.Subscription())
	for range 5 {
		d.Answer(pushtest.Answer{Status: 500})
		want(t, send(w, toDown), push.Retry, 500)
	}
	if r := send(w, toDown); r.Reason != push.ReasonCircuit {
		t.Fatalf("%+v", r)
	}
	_, to := s.browser("up")
	want(t, send(w, to), push.Accepted, 201)
}
