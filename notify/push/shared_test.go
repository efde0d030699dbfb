package push_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

// The payload has room behind it, which a sender that pads in place writes
// to; under the race detector that is found even where the bytes are equal.
func TestF39_ManyShareOnePayload(t *testing.T) {
	s := newStage(t)
	whole := append([]byte(exampleFrame), bytes.Repeat([]byte("#"), 200)...)
	m := example()
	m.Payload = whole[:len(exampleFrame)]
	browser, toB := s.browser("b")
	iPhone, toI := s.iPhone("i")
	android, toA := s.android("a")
	const each = 12
	var wg sync.WaitGroup
	for sender, to := range map[push.Sender]push.Target{s.webPush(nil): toB, s.apns(nil): toI, s.fcm(nil): toA} {
		for range each {
			wg.Go(func() {
				if r := sender.Send(t.Context(), to, m); r.Outcome != push.Accepted {
					t.Errorf("%+v", r)
				}
			})
		}
	}
	wg.Wait()
	for _, d := range []*pushtest.Device{browser, iPhone, android} {
		if n := len(d.Requests()); n != each {
			t.Errorf("%s got %d", d.Name, n)
		}
	}
	for _, r := range browser.Requests() {
		if r.Problem != "" || string(r.Plain) != exampleFrame {
			t.Fatalf("the browser reads %q (%s)", r.Plain, r.Problem)
		}
	}
	if string(whole) != exampleFrame+strings.Repeat("#", 200) {
		t.Errorf("written to: %s", whole)
	}
}

// Whatever is printed, logged or returned, none of it opens a door.
func TestSecrets_AreInNothingThatIsPrinted(t *testing.T) {
	s := newStage(t)
	browser, toB := s.browser("b")
	iPhone, toI := s.iPhone("i")
	android, toA := s.android("a")
	private, err := s.vapid.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	p256dh, auth := browser.Keys()
	secrets := []string{browser.Token, p256dh, auth, iPhone.Token, android.Token, string(private), fmt.Sprintf("%d", private[:8])}

	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	text := slog.New(slog.NewTextHandler(&out, nil))
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
			log.Info("x", "v", v)
			text.Info("x", "v", v)
			if raw, err := json.Marshal(v); err == nil {
				out.Write(raw)
			}
		}
	}
	show(toB, toI, toA, &toB, toB.Subscription, toI.Token, s.vapid)
	senders := map[*pushtest.Device]push.Sender{browser: s.webPush(nil), iPhone: s.apns(nil), android: s.fcm(nil)}
	targets := map[*pushtest.Device]push.Target{browser: toB, iPhone: toI, android: toA}
	for d, sender := range senders {
		echo := `{"reason":"` + d.Token + `","error":{"message":"` + d.Token + `","status":"` + d.Token + `"}}`
		for _, a := range []pushtest.Answer{
			{Status: 200, Header: header("Apns-Id", "x"), Body: `{"name":"x"}`}, {Status: 400, Body: echo}, {Status: 403, Body: echo},
			{Status: 410, Body: d.Token}, {Status: 429, Body: echo, Header: header("Retry-After", d.Token)}, {Reset: true}, {Status: 500, Body: echo},
			{Status: 307, Header: header("Location", "http://"+d.Token+".example/"+d.Token)},
		} {
			d.Answer(a)
			show(send(sender, targets[d]))
			s.clock.Add(301 * 1e9)
		}
	}
	for _, r := range s.fake.Requests() { // tokens that went out
		if a := r.Header.Get("Authorization"); a != "" {
			parts := strings.Fields(a)
			secrets = append(secrets, strings.TrimSuffix(strings.TrimPrefix(parts[1], "t="), ","))
		}
	}
	for _, secret := range secrets {
		if len(secret) < 8 {
			t.Fatalf("no secret to look for: %q", secret)
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("printed: %s", secret)
		}
	}
}
