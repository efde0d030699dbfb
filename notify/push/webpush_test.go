package push_test

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

func decodeB64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWebPush_ArrivesAndOpens(t *testing.T) {
	s := newStage(t)
	d, to := s.browser("one")
	r := send(s.webPush(nil), to)
	want(t, r, push.Accepted, 201)
	if len(r.VendorID) != 16 {
		t.Errorf("vendor id %q", r.VendorID)
	}
	got := one(t, d)
	if string(got.Plain) != exampleFrame {
		t.Errorf("the browser reads %q", got.Plain)
	}
	for name, value := range map[string]string{
		"TTL": "3600", "Urgency": "high", "Topic": push.Topic("n-1"), "Content-Encoding": "aes128gcm",
	} {
		if got.Header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), value)
		}
	}
}

func TestWebPush_HeadersSayHowLongAndHowUrgent(t *testing.T) {
	s := newStage(t)
	w := s.webPush(nil)
	for name, c := range map[string]struct {
		m            push.Message
		ttl, urgency string
	}{
		"now or never": {push.Message{}, "0", "normal"},
		"negative":     {push.Message{TTL: -time.Second}, "0", "normal"},
		"silent":       {push.Message{TTL: time.Minute, Urgency: push.UrgencyHigh, Silent: true}, "60", "low"},
		"low":          {push.Message{TTL: time.Minute, Urgency: push.UrgencyLow}, "60", "low"},
		"for a year":   {push.Message{TTL: 365 * 24 * time.Hour}, "2419200", "normal"},
	} {
		d, to := s.browser(name)
		c.m.NID, c.m.Payload = name, []byte("{}")
		want(t, w.Send(t.Context(), to, c.m), push.Accepted, 201)
		h := one(t, d).Header
		if h.Get("TTL") != c.ttl || h.Get("Urgency") != c.urgency {
			t.Errorf("%s: TTL %s, urgency %s", name, h.Get("TTL"), h.Get("Urgency"))
		}
	}
}

func TestTopic_Is32CharactersOfTheNIDsDigest(t *testing.T) {
	// printf %s abc | sha256sum: ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 …
	if got := push.Topic("abc"); got != "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qc" {
		t.Errorf("got %s", got)
	}
}

func TestF23_WebPushTakes3993Bytes(t *testing.T) {
	s := newStage(t)
	w := s.webPush(nil)
	d, to := s.browser("one")
	fits := push.Message{NID: "n", Payload: frameOf(t, 3993)}
	over := push.Message{NID: "n", Payload: frameOf(t, 3994)}
	if !w.Fits(fits) || w.Fits(over) {
		t.Error("Fits does not know the limit")
	}
	want(t, w.Send(t.Context(), to, over), push.TooLarge, 0)
	want(t, w.Send(t.Context(), to, fits), push.Accepted, 201)
	if got := one(t, d); len(got.Body) != 4096 || len(got.Plain) != 3993 {
		t.Errorf("%d bytes, of which %d are payload", len(got.Body), len(got.Plain))
	}
}

func TestF15_WebPushTokenIsSharedForHalfItsLife(t *testing.T) {
	s := newStage(t)
	w := s.webPush(nil)
	d, to := s.browser("one")
	_, toOther := s.browser("other")
	for _, step := range []time.Duration{0, 29 * time.Minute, time.Minute} {
		s.clock.Add(step)
		want(t, send(w, to), push.Accepted, 201)
	}
	want(t, send(w, toOther), push.Accepted, 201)
	var tokens []string
	for _, r := range s.fake.Requests(pushtest.WebPush) {
		token, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid t="), ",")
		tokens = append(tokens, token)
		var claims struct {
			Aud, Sub string
			Exp      int64
		}
		claimsOf(t, token, &claims)
		ahead := time.Unix(claims.Exp, 0).Sub(r.At)
		if claims.Aud != s.fake.URL || claims.Sub != "mailto:operator@callbackd.example" || ahead > time.Hour || ahead <= 30*time.Minute {
			t.Errorf("claims %+v, %v ahead", claims, ahead)
		}
	}
	if len(tokens) != 4 || tokens[0] != tokens[1] || tokens[1] == tokens[2] || tokens[2] != tokens[3] {
		t.Error("one token is not used for half an hour and by all of an origin")
	}
	if len(d.Requests()) != 3 {
		t.Errorf("%d requests", len(d.Requests()))
	}
}

func TestWebPush_WithoutSubjectTheTokenNamesNobody(t *testing.T) {
	s := newStage(t)
	for subject, want := range map[string]any{"": nil, "operator@callbackd.example": "mailto:operator@callbackd.example"} {
		d, to := s.browser("of " + subject)
		send(s.webPush(func(c *push.WebPushConfig) { c.Subject = subject }), to)
		token := strings.TrimPrefix(strings.Split(one(t, d).Header.Get("Authorization"), ",")[0], "vapid t=")
		claims := map[string]any{}
		claimsOf(t, token, &claims)
		if claims["sub"] != want || claims["aud"] != s.fake.URL {
			t.Errorf("%q: %v", subject, claims)
		}
	}
}

func TestParseSubject_CarriesItsSchemeOnce(t *testing.T) {
	for in, out := range map[string]string{
		"a@b.example": "mailto:a@b.example", "mailto:a@b.example": "mailto:a@b.example",
		"mailto:mailto:a@b.example": "mailto:a@b.example", "MAILTO: a@b.example ": "mailto:a@b.example",
		"https://b.example/contact": "https://b.example/contact",
		"":                          "", "b.example": "", "http://b.example": "", "mailto:": "", "mailto:https://b.example": "", "A <a@b.example>": "",
		"https://": "", "https://user@b.example": "", "a@b.example, c@d.example": "",
	} {
		got, err := push.ParseSubject(in)
		if got != out || (err == nil) != (out != "") || err != nil && !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestVAPID_ComesBackFromTheStore(t *testing.T) {
	s := newStage(t)
	private, err := s.vapid.Marshal()
	if err != nil || len(private) != 32 {
		t.Fatalf("%d bytes, %v", len(private), err)
	}
	again, err := push.ParseVAPID(private)
	if err != nil || again.PublicKey() != s.vapid.PublicKey() || len(decodeB64(t, again.PublicKey())) != 65 {
		t.Fatalf("another key: %v", err)
	}
	d, to := s.browser("subscribed before the restart")
	want(t, send(s.webPush(func(c *push.WebPushConfig) { c.Key = again }), to), push.Accepted, 201)
	one(t, d)
	for _, bad := range [][]byte{nil, make([]byte, 32), make([]byte, 31), append(private, 0)} {
		if _, err := push.ParseVAPID(bad); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

func TestWebPush_AnotherKeyIsOurFault(t *testing.T) {
	s := newStage(t)
	other, err := push.GenerateVAPID()
	if err != nil {
		t.Fatal(err)
	}
	_, to := s.browser("one")
	want(t, send(s.webPush(func(c *push.WebPushConfig) { c.Key = other }), to), push.OurFault, 403)
}

func TestF15_AClockThatIsOffIsOurFault(t *testing.T) {
	s := newStage(t)
	_, to := s.browser("one")
	ours := newClock()
	ours.Add(-2 * time.Hour) // so that our tokens have ended when they come
	want(t, send(s.webPush(func(c *push.WebPushConfig) { c.Now = ours.Now }), to), push.OurFault, 403)
	ours.Add(2*time.Hour + 22*time.Hour) // a lead that 24 h tokens would not survive
	want(t, send(s.webPush(func(c *push.WebPushConfig) { c.Now = ours.Now }), to), push.Accepted, 201)
}

func TestWebPush_StatusesMeanWhatTheyMean(t *testing.T) {
	s := newStage(t)
	w := s.webPush(nil)
	for _, c := range []struct {
		answer pushtest.Answer
		want   push.Outcome
		reason string
	}{
		{pushtest.Answer{Status: 200}, push.Accepted, ""},
		{pushtest.Answer{Status: 202}, push.Accepted, ""},
		{pushtest.Answer{Status: 400, Body: `{"reason":"VapidPkHashMismatch"}`}, push.Refused, "VapidPkHashMismatch"},
		{pushtest.Answer{Status: 400, Body: `{"reason":"` + exampleAuth + `"}`}, push.Refused, ""},
		{pushtest.Answer{Status: 401}, push.OurFault, ""},
		{pushtest.Answer{Status: 403, Body: `{"reason":"BadJwtToken"}`}, push.OurFault, "BadJwtToken"},
		{pushtest.Answer{Status: 404}, push.Gone, ""},
		{pushtest.Answer{Status: 410}, push.Gone, ""},
		{pushtest.Answer{Status: 405}, push.Refused, push.ReasonStatus},
		{pushtest.Answer{Status: 413}, push.TooLarge, push.ReasonSize},
	} {
		d, to := s.browser("status " + strconv.Itoa(c.answer.Status) + c.answer.Body)
		d.Answer(c.answer)
		r := send(w, to)
		want(t, r, c.want, c.answer.Status)
		if r.Reason != c.reason || r.RetryAfter != 0 {
			t.Errorf("%d: %+v", c.answer.Status, r)
		}
	}
	d, to := s.browser("gone")
	d.Unregister(s.clock.Now())
	want(t, send(w, to), push.Gone, 410)
	unknown := s.subscribed(d.SubscriptionAt(s.fake.URL + "/wpush/v2/nobody"))
	want(t, send(w, unknown), push.Gone, 404)
}

func TestNewWebPush_RefusesWhatCannotWork(t *testing.T) {
	s := newStage(t)
	for name, cfg := range map[string]push.WebPushConfig{
		"no key": {Subject: "a@b.example"}, "no address": {Key: s.vapid, Subject: "somebody"},
	} {
		if _, err := push.NewWebPush(cfg); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
