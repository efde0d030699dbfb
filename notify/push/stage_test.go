package push_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

// clock is a time that moves when told.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// stage is a fake vendor and the three senders that talk to it, on one clock.
type stage struct {
	t     *testing.T
	clock *clock
	fake  *pushtest.Server
	vapid *push.VAPID
	hosts push.Hosts
}

func newStage(t *testing.T) *stage {
	t.Helper()
	c := newClock()
	vapid, err := push.GenerateVAPID()
	if err != nil {
		t.Fatal(err)
	}
	fake := pushtest.Start(t, pushtest.Options{Now: c.Now})
	return &stage{t: t, clock: c, fake: fake, vapid: vapid, hosts: mustHosts(t, fake.Host())}
}

// webPush makes a sender; change may be nil.
func (s *stage) webPush(change func(*push.WebPushConfig)) *push.WebPush {
	s.t.Helper()
	cfg := push.WebPushConfig{Key: s.vapid, Subject: "operator@callbackd.example", Hosts: s.hosts, Now: s.clock.Now}
	if change != nil {
		change(&cfg)
	}
	w, err := push.NewWebPush(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(w.Close)
	return w
}

func (s *stage) apns(change func(*push.APNsConfig)) *push.APNs {
	s.t.Helper()
	cfg := push.APNsConfig{
		Key: s.fake.APNsKey(), KeyID: pushtest.APNsKeyID, Team: pushtest.APNsTeam, Topic: pushtest.APNsTopic,
		URL: s.fake.URL, Now: s.clock.Now,
	}
	if change != nil {
		change(&cfg)
	}
	a, err := push.NewAPNs(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(a.Close)
	return a
}

func (s *stage) fcm(change func(*push.FCMConfig)) *push.FCM {
	s.t.Helper()
	cfg := push.FCMConfig{Credentials: s.fake.FCMCredentials(), URL: s.fake.URL, Now: s.clock.Now}
	if change != nil {
		change(&cfg)
	}
	f, err := push.NewFCM(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(f.Close)
	return f
}

func (s *stage) browser(name string) (*pushtest.Device, push.Target) {
	s.t.Helper()
	d := s.fake.NewBrowser(name, s.vapid.PublicKey())
	return d, s.subscribed(d.Subscription())
}

func (s *stage) subscribed(raw []byte) push.Target {
	s.t.Helper()
	sub, err := s.hosts.ParseSubscription(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return push.Target{Subscription: sub}
}

func (s *stage) iPhone(name string) (*pushtest.Device, push.Target) {
	s.t.Helper()
	d := s.fake.NewIPhone(name)
	token, err := push.ParseAPNsToken(strings.ToUpper(d.Token))
	if err != nil {
		s.t.Fatal(err)
	}
	return d, push.Target{Token: token}
}

func (s *stage) android(name string) (*pushtest.Device, push.Target) {
	s.t.Helper()
	d := s.fake.NewAndroid(name)
	token, err := push.ParseFCMToken(d.Token)
	if err != nil {
		s.t.Fatal(err)
	}
	return d, push.Target{Token: token}
}

// each runs a test for all three vendors, each with a new stage and a device.
func each(t *testing.T, test func(t *testing.T, s *stage, sender push.Sender, d *pushtest.Device, to push.Target)) {
	t.Helper()
	t.Run("webpush", func(t *testing.T) {
		s := newStage(t)
		d, to := s.browser("one")
		test(t, s, s.webPush(func(c *push.WebPushConfig) { c.Timeout = brief }), d, to)
	})
	t.Run("apns", func(t *testing.T) {
		s := newStage(t)
		d, to := s.iPhone("one")
		test(t, s, s.apns(func(c *push.APNsConfig) { c.Timeout = brief }), d, to)
	})
	t.Run("fcm", func(t *testing.T) {
		s := newStage(t)
		d, to := s.android("one")
		test(t, s, s.fcm(func(c *push.FCMConfig) { c.Timeout = brief }), d, to)
	})
}

// brief is the timeout where a test has a server hang; whatever answers does
// so well within it, or the test fails, but never passes wrongly.
const brief = 5 * time.Second

const exampleFrame = `{"type":"notify","nid":"n-1","seq":1,"account":"gala","level":2,"title":"小明 & <Ming>","body":"现场见 👋","url":"/wall/gala"}`

func example() push.Message {
	return push.Message{NID: "n-1", Payload: []byte(exampleFrame), TTL: time.Hour, Urgency: push.UrgencyHigh}
}

func want(t *testing.T, got push.Result, outcome push.Outcome, status int) {
	t.Helper()
	if got.Outcome != outcome || got.Status != status {
		t.Errorf("got %+v, want %s, %d", got, outcome, status)
	}
}

// one returns a device's only request.
func one(t *testing.T, d *pushtest.Device) pushtest.Request {
	t.Helper()
	all := d.Requests()
	if len(all) != 1 {
		t.Fatalf("%s got %d requests, want 1", d.Name, len(all))
	}
	if all[0].Problem != "" {
		t.Fatalf("%s cannot read it: %s", d.Name, all[0].Problem)
	}
	return all[0]
}

// claimsOf reads a token's claims without checking it, as the fake did that.
func claimsOf(t *testing.T, token string, into any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no token: %d parts", len(parts))
	}
	if err := json.Unmarshal(decodeB64(t, parts[1]), into); err != nil {
		t.Fatal(err)
	}
}

func trust(s *stage) *x509.CertPool { return s.fake.Roots }

// frameOf is a notify frame of n bytes.
func frameOf(t *testing.T, n int) []byte {
	t.Helper()
	const head, tail = `{"type":"notify","nid":"n","body":"`, `"}`
	if n < len(head)+len(tail) {
		t.Fatalf("%d bytes are too few", n)
	}
	return bytes.Join([][]byte{[]byte(head), bytes.Repeat([]byte("x"), n-len(head)-len(tail)), []byte(tail)}, nil)
}

func send(sender push.Sender, to push.Target) push.Result {
	return sender.Send(context.Background(), to, example())
}

func header(name, value string) http.Header { return http.Header{name: {value}} }
