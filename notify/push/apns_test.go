package push_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

func TestAPNs_ArrivesByHTTP2(t *testing.T) {
	s := newStage(t)
	for name, url := range map[string]string{"h2c": s.fake.URL, "tls": s.fake.TLSURL + "/"} {
		d, to := s.iPhone(name)
		r := send(s.apns(func(c *push.APNsConfig) { c.URL, c.Roots = url, trust(s) }), to)
		want(t, r, push.Accepted, 200)
		got := one(t, d)
		if got.Proto != "HTTP/2.0" || r.VendorID == "" || got.Path != "/3/device/"+d.Token {
			t.Errorf("%s: %s %s, id %q", name, got.Proto, got.Path, r.VendorID)
		}
		for header, value := range map[string]string{
			"apns-topic": pushtest.APNsTopic, "apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": "n-1",
			"apns-expiration": strconv.FormatInt(s.clock.Now().Add(time.Hour).Unix(), 10),
		} {
			if got.Header.Get(header) != value {
				t.Errorf("%s: %s is %q, want %q", name, header, got.Header.Get(header), value)
			}
		}
	}
}

func TestAPNs_AlertTakesTitleAndBodyOfTheFrame(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	for name, c := range map[string]struct {
		frame  string
		silent bool
		want   string
	}{
		"a notice": {exampleFrame, false, `{"aps":{"alert":{"title":"小明 & <Ming>","body":"现场见 👋"},"sound":"default","mutable-content":1,"thread-id":"gala"},` +
			`"notice":{"account":"gala","level":2,"nid":"n-1","seq":1,"type":"notify","url":"/wall/gala"}}`},
		"in quiet hours": {`{"type":"notify","nid":"n","title":"T"}`, true,
			`{"aps":{"alert":{"title":"T"},"interruption-level":"passive","mutable-content":1},"notice":{"nid":"n","type":"notify"}}`},
		"a cancel": {`{"type":"cancel","nid":"n"}`, false, `{"aps":{"content-available":1},"notice":{"nid":"n","type":"cancel"}}`},
	} {
		d, to := s.iPhone(name)
		m := example()
		m.Payload, m.Silent = []byte(c.frame), c.silent
		want(t, a.Send(t.Context(), to, m), push.Accepted, 200)
		got := one(t, d)
		var have, should any
		if json.Unmarshal(got.Body, &have) != nil || json.Unmarshal([]byte(c.want), &should) != nil {
			t.Fatalf("%s: no JSON: %s", name, got.Body)
		}
		haveText, _ := json.Marshal(have)
		shouldText, _ := json.Marshal(should)
		if !bytes.Equal(haveText, shouldText) {
			t.Errorf("%s: %s\nwant %s", name, haveText, shouldText)
		}
		if bytes.Contains(got.Body, []byte(`\u003c`)) || bytes.HasSuffix(got.Body, []byte("\n")) {
			t.Errorf("%s: bytes are wasted: %s", name, got.Body)
		}
		wantKind, wantPriority := "alert", "10"
		if name != "a notice" {
			wantPriority = "5"
		}
		if name == "a cancel" {
			wantKind = "background"
		}
		if got.Header.Get("apns-push-type") != wantKind || got.Header.Get("apns-priority") != wantPriority {
			t.Errorf("%s: %s, %s", name, got.Header.Get("apns-push-type"), got.Header.Get("apns-priority"))
		}
	}
	_, to := s.iPhone("none")
	for _, bad := range []string{"", "null", "[]", `"text"`, "{"} {
		m := push.Message{NID: "n", Payload: []byte(bad)}
		if r := a.Send(t.Context(), to, m); r.Outcome != push.Refused || r.Reason != push.ReasonPayload || a.Fits(m) {
			t.Errorf("%q: %+v", bad, r)
		}
	}
}

func TestAPNs_ExpirationZeroAndCollapse(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	long := strings.Repeat("x", 65)
	for name, c := range map[string]struct {
		m                    push.Message
		expiration, collapse string // collapse "": a digest
	}{
		"now or never":   {push.Message{NID: "n"}, "0", "n"},
		"by its account": {push.Message{NID: "n", Collapse: "gala", TTL: time.Minute}, strconv.FormatInt(s.clock.Now().Add(time.Minute).Unix(), 10), "gala"},
		"64 bytes":       {push.Message{NID: long[:64]}, "0", long[:64]},
		"65 bytes":       {push.Message{NID: long}, "0", ""},
		"no header":      {push.Message{NID: "a\r\nb"}, "0", ""},
	} {
		d, to := s.iPhone(name)
		c.m.Payload = []byte(exampleFrame)
		want(t, a.Send(t.Context(), to, c.m), push.Accepted, 200)
		h := one(t, d).Header
		id := h.Get("apns-collapse-id")
		if h.Get("apns-expiration") != c.expiration || c.collapse != "" && id != c.collapse || c.collapse == "" && len(id) != 43 {
			t.Errorf("%s: %s, %q", name, h.Get("apns-expiration"), id)
		}
	}
}

func TestF23_APNsTakes4096Bytes(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	d, to := s.iPhone("one")
	send := func(n int) push.Result {
		m := push.Message{NID: "n", Payload: frameOf(t, n)}
		r := a.Send(t.Context(), to, m)
		if a.Fits(m) != (r.Outcome == push.Accepted) {
			t.Errorf("Fits and Send differ at %d", n)
		}
		return r
	}
	want(t, send(3000), push.Accepted, 200)
	overhead := len(one(t, d).Body) - 3000
	want(t, send(4096-overhead), push.Accepted, 200)
	if got := len(d.Requests()[1].Body); got != 4096 {
		t.Fatalf("%d bytes", got)
	}
	want(t, send(4097-overhead), push.TooLarge, 0)
	if len(d.Requests()) != 2 {
		t.Error("it went out")
	}
	d.Answer(pushtest.Answer{Status: 413, Body: `{"reason":"PayloadTooLarge"}`})
	want(t, a.Send(t.Context(), to, example()), push.TooLarge, 413)
}

func TestAPNs_ReasonsMeanWhatTheyMean(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	at := time.UnixMilli(1767300000123)
	for _, c := range []struct {
		status       int
		body, reason string
		want         push.Outcome
		gone         time.Time
	}{
		{410, `{"reason":"Unregistered","timestamp":1767300000123}`, "Unregistered", push.Gone, at},
		{410, `{"reason":"ExpiredToken","timestamp":1767300000123}`, "ExpiredToken", push.Gone, at},
		{410, `{"reason":"Unregistered"}`, "Unregistered", push.Gone, time.Time{}},
		{410, `{"reason":"Unregistered","timestamp":"soon"}`, "Unregistered", push.Gone, time.Time{}},
		{410, `{"reason":"Unregistered","timestamp":-1}`, "Unregistered", push.Gone, time.Time{}},
		{410, " Unregistered\n", "Unregistered", push.Gone, time.Time{}},
		{400, `{"reason":"BadDeviceToken"}`, "BadDeviceToken", push.Gone, time.Time{}},
		{404, `{"reason":"Unregistered"}`, "Unregistered", push.Refused, time.Time{}},
		{410, "", push.ReasonUnreadable, push.Refused, time.Time{}},
		{400, `{"reason":"SomethingNew"}`, "SomethingNew", push.Refused, time.Time{}},
		{400, `{"reason":"not a word"}`, push.ReasonUnreadable, push.Refused, time.Time{}},
		{400, `{"reason":"BadPriority"}`, "BadPriority", push.Refused, time.Time{}},
		{400, `{"reason":"DeviceTokenNotForTopic"}`, "DeviceTokenNotForTopic", push.OurFault, time.Time{}},
		{400, `{"reason":"IdleTimeout"}`, "IdleTimeout", push.Retry, time.Time{}},
		{403, `{"reason":"InvalidProviderToken"}`, "InvalidProviderToken", push.OurFault, time.Time{}},
		{403, `{"reason":"Unregistered"}`, "Unregistered", push.OurFault, time.Time{}},
		{403, "<html>no</html>", "", push.OurFault, time.Time{}},
		{404, `{"reason":"BadPath"}`, "BadPath", push.OurFault, time.Time{}},
		{503, `{"reason":"Shutdown"}`, "", push.Retry, time.Time{}},
	} {
		d, to := s.iPhone(strconv.Itoa(c.status) + c.body)
		d.Answer(pushtest.Answer{Status: c.status, Body: c.body})
		r := send(a, to)
		want(t, r, c.want, c.status)
		if r.Reason != c.reason || !r.GoneAt.Equal(c.gone) {
			t.Errorf("%d %s: %+v", c.status, c.body, r)
		}
	}
	d, to := s.iPhone("gone")
	d.Unregister(at)
	if r := send(a, to); r.Outcome != push.Gone || !r.GoneAt.Equal(at) {
		t.Errorf("%+v", r)
	}
}

func TestAPNs_TooManyTokenUpdatesConcernTheOrigin(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	d, to := s.iPhone("one")
	d.Answer(pushtest.Answer{Status: 429, Body: `{"reason":"TooManyProviderTokenUpdates"}`})
	r := send(a, to)
	want(t, r, push.Retry, 429)
	if r.Scope != push.ScopeOrigin || r.RetryAfter != 300*time.Second {
		t.Errorf("%+v", r)
	}
	_, other := s.iPhone("other")
	if r := send(a, other); r.Reason != push.ReasonLimited {
		t.Errorf("the other: %+v", r)
	}
}

func TestAPNs_ProviderTokenIsReusedFor40Minutes(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	d, to := s.iPhone("one")
	for _, step := range []time.Duration{0, 39 * time.Minute, time.Minute} {
		s.clock.Add(step)
		want(t, send(a, to), push.Accepted, 200)
	}
	all := d.Requests()
	token := func(i int) string { return all[i].Header.Get("Authorization") }
	if token(0) != token(1) || token(1) == token(2) {
		t.Error("the token is not shared for 40 minutes and then renewed")
	}
}

func TestAPNs_ExpiredTokenIsRenewedOnce(t *testing.T) {
	s := newStage(t)
	a := s.apns(nil)
	expired := pushtest.Answer{Status: 403, Body: `{"reason":"ExpiredProviderToken"}`}
	d, to := s.iPhone("one")
	want(t, send(a, to), push.Accepted, 200)
	s.clock.Add(time.Minute)
	d.Answer(expired)
	want(t, send(a, to), push.Accepted, 200) // renewed, and sent again
	all := d.Requests()
	if len(all) != 3 || all[1].Header.Get("Authorization") == all[2].Header.Get("Authorization") {
		t.Fatalf("%d requests, or the same token again", len(all))
	}
	d.Answer(expired, expired) // our clock is wrong: no new token helps, and Apple takes few
	want(t, send(a, to), push.OurFault, 403)
	if n := len(d.Requests()); n != 4 {
		t.Errorf("%d requests: renewed twice within 20 minutes", n)
	}
}

func TestNewAPNs_RefusesWhatCannotWork(t *testing.T) {
	s := newStage(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for name, change := range map[string]func(*push.APNsConfig){
		"no key":         func(c *push.APNsConfig) { c.Key = nil },
		"no PEM":         func(c *push.APNsConfig) { c.Key = []byte("secret-key-text") },
		"no PKCS #8":     func(c *push.APNsConfig) { c.Key = pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: []byte("secret")}) },
		"RSA":            func(c *push.APNsConfig) { c.Key = file(rsaKey) },
		"another curve":  func(c *push.APNsConfig) { c.Key = file(wide) },
		"no key id":      func(c *push.APNsConfig) { c.KeyID = "" },
		"no team":        func(c *push.APNsConfig) { c.Team = "" },
		"topic of lines": func(c *push.APNsConfig) { c.Topic = "a\r\nb" },
		"a URL with user": func(c *push.APNsConfig) {
			c.URL = "https://user:secret@api.push.apple.com"
		},
		"another scheme": func(c *push.APNsConfig) { c.URL = "ftp://api.push.apple.com" },
	} {
		cfg := push.APNsConfig{Key: s.fake.APNsKey(), KeyID: "k", Team: "t", Topic: "a.b"}
		change(&cfg)
		_, err := push.NewAPNs(cfg)
		if !errors.Is(err, callbackd.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
