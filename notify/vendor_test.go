package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"callbackd"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/notify/pushtest"
)

// vendors is a fake of the three vendors with a device at each, and ours that
// talk to it.
type vendors struct {
	notify.Vendors
	t    *testing.T
	fake *pushtest.Server
	ends map[callbackd.Provider]*pushtest.Device
}

var providers = []callbackd.Provider{callbackd.ProviderWebPush, callbackd.ProviderAPNs, callbackd.ProviderFCM}

func newVendors(t *testing.T) *vendors {
	t.Helper()
	fake := pushtest.Start(t, pushtest.Options{})
	vapid, err := push.GenerateVAPID()
	must(t, err)
	hosts, err := push.ParseHosts([]string{fake.Host()})
	must(t, err)
	web, err := push.NewWebPush(push.WebPushConfig{Key: vapid, Subject: "mailto:operator@callbackd.example", Hosts: hosts})
	must(t, err)
	apns, err := push.NewAPNs(push.APNsConfig{Key: fake.APNsKey(), KeyID: pushtest.APNsKeyID, Team: pushtest.APNsTeam, Topic: pushtest.APNsTopic, URL: fake.URL})
	must(t, err)
	fcm, err := push.NewFCM(push.FCMConfig{Credentials: fake.FCMCredentials(), URL: fake.URL})
	must(t, err)
	v := &vendors{t: t, fake: fake, Vendors: notify.Vendors{Hosts: hosts, Senders: map[callbackd.Provider]push.Sender{
		callbackd.ProviderWebPush: web, callbackd.ProviderAPNs: apns, callbackd.ProviderFCM: fcm}}}
	for _, s := range v.Senders {
		t.Cleanup(s.Close)
	}
	v.ends = map[callbackd.Provider]*pushtest.Device{callbackd.ProviderWebPush: fake.NewBrowser("browser", vapid.PublicKey()),
		callbackd.ProviderAPNs: fake.NewIPhone("iphone"), callbackd.ProviderFCM: fake.NewAndroid("android")}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// device is what the store holds of the fake's device.
func (v *vendors) device(p callbackd.Provider) callbackd.Device {
	target := v.ends[p].Token
	if p == callbackd.ProviderWebPush {
		target = string(v.ends[p].Subscription())
	}
	return callbackd.Device{ID: 7, PublicID: "d", Provider: p, Target: callbackd.Secret(target)}
}

func (v *vendors) send(p callbackd.Provider, a notify.Alert, level callbackd.Level) push.Result {
	return v.Send(v.t.Context(), v.device(p), a, level, time.Hour)
}

// last is the newest request for a device, and the notice in it, put together
// again as its app does.
func (v *vendors) last(p callbackd.Provider) (pushtest.Request, notify.Frame) {
	v.t.Helper()
	all := v.ends[p].Requests()
	if len(all) == 0 {
		v.t.Fatalf("nothing came to %s", p)
	}
	r := all[len(all)-1]
	if r.Problem != "" {
		v.t.Fatalf("%s cannot read it: %s", p, r.Problem)
	}
	payload := r.Plain
	var outer struct {
		APS struct {
			Alert struct{ Title, Body string }
		}
		Notice  json.RawMessage
		Message struct {
			Data struct{ Notice string }
		}
	}
	switch p {
	case callbackd.ProviderAPNs:
		must(v.t, json.Unmarshal(payload, &outer))
		payload = outer.Notice
	case callbackd.ProviderFCM:
		must(v.t, json.Unmarshal(payload, &outer))
		payload = []byte(outer.Message.Data.Notice)
	}
	var f notify.Frame
	must(v.t, json.Unmarshal(payload, &f))
	if p == callbackd.ProviderAPNs {
		f.Title, f.Body = outer.APS.Alert.Title, outer.APS.Alert.Body
	}
	return r, f
}

// size is what the vendor measures of a request.
func (v *vendors) size(p callbackd.Provider, r pushtest.Request) int {
	v.t.Helper()
	if p != callbackd.ProviderFCM {
		return len(r.Plain)
	}
	var in struct {
		Message struct{ Data map[string]string }
	}
	must(v.t, json.Unmarshal(r.Plain, &in))
	n := 0
	for key, value := range in.Message.Data {
		n += len(key) + len(value)
	}
	return n
}

var limits = map[callbackd.Provider]int{callbackd.ProviderWebPush: 3993, callbackd.ProviderAPNs: 4096, callbackd.ProviderFCM: 4096}

func eachProvider(t *testing.T, test func(t *testing.T, v *vendors, p callbackd.Provider)) {
	for _, p := range providers {
		t.Run(string(p), func(t *testing.T) { test(t, newVendors(t), p) })
	}
}

func TestVendors_CarryTheFrame(t *testing.T) {
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		for level := callbackd.LevelHint; level <= callbackd.LevelWords; level++ {
			if r := v.send(p, alert, level); r.Outcome != push.Accepted {
				t.Fatalf("%+v", r)
			}
			want := render(t, alert, level, 4096)
			if _, got := v.last(p); got != want {
				t.Errorf("level %d: %+v, want %+v", level, got, want)
			}
		}
	})
}

func TestVendors_UrgencyCollapseAndLife(t *testing.T) {
	plain, silent, test := alert, alert, alert
	plain.Reason, silent.Silent, test.Reason = callbackd.ReasonReceive, true, callbackd.ReasonTest
	v := newVendors(t)
	header := func(p callbackd.Provider, a notify.Alert, names ...string) string {
		t.Helper()
		if r := v.send(p, a, 2); r.Outcome != push.Accepted {
			t.Fatalf("%s: %+v", p, r)
		}
		r, f := v.last(p)
		if f.Silent != a.Silent {
			t.Errorf("%s: silent is %v", p, f.Silent)
		}
		var got []string
		for _, name := range names {
			got = append(got, r.Header.Get(name))
		}
		return strings.Join(got, " ")
	}
	for name, c := range map[string]struct {
		alert              notify.Alert
		web, apns, android string
		tag                string
	}{
		"mention": {alert, "high 3600", "10 n0tice", "HIGH 3600s ", "n0tice"},
		"plain":   {plain, "normal 3600", "10 gala", "HIGH 3600s gala", "gala"},
		"silent":  {silent, "low 3600", "5 n0tice", "NORMAL 3600s ", "n0tice"},
		"test":    {test, "high 3600", "10 n0tice", "HIGH 3600s ", "n0tice"},
	} {
		if got := header(callbackd.ProviderWebPush, c.alert, "Urgency", "Ttl"); got != c.web {
			t.Errorf("%s by web push: %q, want %q", name, got, c.web)
		}
		if got := header(callbackd.ProviderAPNs, c.alert, "Apns-Priority", "Apns-Collapse-Id"); got != c.apns {
			t.Errorf("%s by APNs: %q, want %q", name, got, c.apns)
		}
		if r, _ := v.last(callbackd.ProviderAPNs); bytes.Contains(r.Plain, []byte(`"sound"`)) == c.alert.Silent {
			t.Errorf("%s by APNs: %s", name, r.Plain)
		}
		header(callbackd.ProviderFCM, c.alert)
		r, f := v.last(callbackd.ProviderFCM)
		var in struct {
			Message struct {
				Android struct {
					Priority, TTL string
					Collapse      string `json:"collapse_key"`
				}
			}
		}
		must(t, json.Unmarshal(r.Plain, &in))
		if got := in.Message.Android.Priority + " " + in.Message.Android.TTL + " " + in.Message.Android.Collapse; got != c.android {
			t.Errorf("%s by FCM: %q, want %q", name, got, c.android)
		}
		if f.Tag != c.tag {
			t.Errorf("%s: tag %q, want %q", name, f.Tag, c.tag)
		}
	}
}

// Words are cut where the vendor's own count says so, never inside a
// character; one byte more is not sent.
func TestF23_VendorsFillTheLimitToTheByte(t *testing.T) {
	for _, character := range []string{"x", "春", "👋", "👨\u200d👩\u200d👧", "🇨🇳"} {
		eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
			limit := limits[p]
			for shift := range len(character) + len("…") { // the cut falls on each byte of a character
				a := alert
				a.Words = strings.Repeat("-", shift) + strings.Repeat(character, 4200/len(character))
				if r := v.send(p, a, 2); r.Outcome != push.Accepted {
					t.Fatalf("%+v", r)
				}
				r, f := v.last(p)
				n := v.size(p, r)
				if n > limit || n <= limit-len(character) || f.Level != 2 {
					t.Errorf("%d bytes of %d at level %d", n, limit, f.Level)
				}
				body, cut := strings.CutSuffix(f.Body, "…")
				if !cut || !utf8.ValidString(body) || strings.Trim(body, "-") != strings.Repeat(character, strings.Count(body, character)) {
					t.Errorf("cut inside a character: …%q", body[max(0, len(body)-20):])
				}
			}
		})
	}
}

func TestF23_AtTheEdgeNothingIsCut(t *testing.T) {
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		limit := limits[p]
		a := alert
		a.Words = "x"
		v.send(p, a, 2)
		r, _ := v.last(p)
		room := limit - v.size(p, r) + 1
		for n, want := range map[int]string{room: "whole", room + 1: "cut"} {
			a.Words = strings.Repeat("x", n)
			if res := v.send(p, a, 2); res.Outcome != push.Accepted || res.Status/100 != 2 {
				t.Fatalf("%+v", res)
			}
			r, f := v.last(p)
			if size := v.size(p, r); want == "whole" && (size != limit || f.Body != a.Words) || want == "cut" && (size > limit || !strings.HasSuffix(f.Body, "x…")) {
				t.Errorf("%s: %d bytes, ends in %q", want, size, f.Body[len(f.Body)-5:])
			}
		}
		if n := len(v.ends[p].Requests()); n != 3 {
			t.Errorf("%d requests for three alerts", n)
		}
	})
}

// A name that fills the payload leaves no room for words, one that does not fit leaves the sentence.
func TestF23_StepDownBeforeSending(t *testing.T) {
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		a := alert
		a.Name = ""
		v.send(p, a, 2)
		r, f := v.last(p)
		room := limits[p] - v.size(p, r) + len(f.Title)
		for n, level := range map[int]callbackd.Level{room: 1, room + 1: 0} {
			a.Name = strings.Repeat("n", n)
			if res := v.send(p, a, 2); res.Outcome != push.Accepted {
				t.Fatalf("%+v", res)
			}
			if _, f := v.last(p); f.Level != level || level == 0 && strings.Contains(f.Title, "nn") {
				t.Errorf("a name of %d bytes: level %d, want %d", n, f.Level, level)
			}
		}
	})
}

// A vendor that counts otherwise is believed, and asked with less.
func TestF23_StepDownWhenTheVendorSaysSo(t *testing.T) {
	tooLarge := pushtest.Answer{Status: http.StatusRequestEntityTooLarge, Body: `{"reason":"PayloadTooLarge"}`}
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		v.ends[p].Answer(tooLarge, tooLarge)
		if r := v.send(p, alert, 2); r.Outcome != push.Accepted {
			t.Errorf("%+v", r)
		}
		if _, f := v.last(p); f.Level != 0 || len(v.ends[p].Requests()) != 3 {
			t.Errorf("level %d after %d requests", f.Level, len(v.ends[p].Requests()))
		}
		v.ends[p].Answer(tooLarge)
		if r := v.send(p, alert, 2); r.Outcome != push.Accepted {
			t.Errorf("%+v", r)
		}
		if _, f := v.last(p); f.Level != 1 || f.Title != alert.Name || f.Body != "" {
			t.Errorf("%+v", f)
		}
		v.ends[p].Answer(tooLarge)
		if r := v.send(p, alert, 0); r.Outcome != push.TooLarge || r.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("the sentence alone: %+v", r)
		}
		if n := len(v.ends[p].Requests()); n != 6 {
			t.Errorf("%d requests, want 6", n)
		}
	})
}

// With details off no vendor gets a name or a word, whatever it answers;
// nor does what is told of a send.
func TestF24_VendorsGetNoByteOfNameOrWords(t *testing.T) {
	a := alert
	a.Name, a.Words = "Nadezhda小海豚", "Weihnachtsgans新年快乐"
	var told strings.Builder
	v := newVendors(t)
	for _, p := range providers {
		for _, answer := range []*pushtest.Answer{nil, {Status: 413}, {Status: 500, Body: "<html>"}, {Status: 403}, {Status: 429}} {
			if answer != nil {
				v.ends[p].Answer(*answer)
			}
			for _, reason := range []callbackd.Reason{callbackd.ReasonMention, callbackd.ReasonReceive} {
				a.Reason = reason
				fmt.Fprintf(&told, "%+v\n", v.send(p, a, callbackd.LevelHint))
			}
		}
	}
	came := v.fake.Everything()
	for _, secret := range []string{a.Name, a.Words, "Nadezhda", "海豚", "Weihnachtsgans", "快乐"} {
		if bytes.Contains(came, []byte(secret)) || strings.Contains(told.String(), secret) {
			t.Errorf("%s is told", secret)
		}
	}
	if !bytes.Contains(came, []byte("有人提到了你")) || len(v.fake.Requests(pushtest.WebPush, pushtest.APNs, pushtest.FCM)) < 12 {
		t.Error("the sentence is not told: the search proves nothing")
	}
	v = newVendors(t)
	v.send(callbackd.ProviderWebPush, a, callbackd.LevelName)
	if came := v.fake.Everything(); !bytes.Contains(came, []byte(a.Name)) || bytes.Contains(came, []byte("快乐")) {
		t.Error("level 1 shows the name, and no words")
	}
}

// What a vendor said is kept for the trail.
func TestF22_TheVendorsStatusIsKept(t *testing.T) {
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		for _, c := range []struct {
			answer  pushtest.Answer
			outcome push.Outcome
		}{
			{pushtest.Answer{Status: 500}, push.Retry}, {pushtest.Answer{Status: 503, Body: "<html>busy</html>"}, push.Retry},
			{pushtest.Answer{Status: 401}, push.OurFault}, {pushtest.Answer{Status: 400}, push.Refused}, {pushtest.Answer{Reset: true}, push.Retry},
			{pushtest.Answer{Status: 429, Header: http.Header{"Retry-After": {"60"}}}, push.Retry},
		} {
			answers := []pushtest.Answer{c.answer}
			if p == callbackd.ProviderFCM && c.answer.Status == 401 {
				answers = append(answers, c.answer) // it renews its access token first
			}
			v.ends[p].Answer(answers...)
			if r := v.send(p, alert, 2); r.Outcome != c.outcome || r.Status != c.answer.Status {
				t.Errorf("%d: %+v, want %s", c.answer.Status, r, c.outcome)
			}
		}
	})
}

func TestF19_GoneIsToldWithItsTime(t *testing.T) {
	since := time.UnixMilli(1_800_000_000_000)
	eachProvider(t, func(t *testing.T, v *vendors, p callbackd.Provider) {
		v.ends[p].Unregister(since)
		r := v.send(p, alert, 2)
		if r.Outcome != push.Gone || p == callbackd.ProviderAPNs != r.GoneAt.Equal(since) {
			t.Errorf("%+v", r)
		}
	})
}

func TestVendors_WhatIsNoTargetIsNotCalled(t *testing.T) {
	v := newVendors(t)
	for name, d := range map[string]callbackd.Device{
		"no provider":   {},
		"no JSON":       {Provider: callbackd.ProviderWebPush, Target: "x"},
		"another host":  {Provider: callbackd.ProviderWebPush, Target: callbackd.Secret(v.ends[callbackd.ProviderWebPush].SubscriptionAt("http://127.0.0.1:1/x"))},
		"no hex":        {Provider: callbackd.ProviderAPNs, Target: "../x"},
		"no FCM token":  {Provider: callbackd.ProviderFCM, Target: "a b"},
		"empty target":  {Provider: callbackd.ProviderAPNs},
		"other's token": {Provider: callbackd.ProviderAPNs, Target: callbackd.Secret(v.ends[callbackd.ProviderFCM].Token)},
	} {
		r := v.Send(t.Context(), d, alert, 2, time.Hour)
		want := push.ReasonTarget
		if d.Provider == "" {
			want = notify.ReasonNotSetUp
		}
		if r.Outcome != push.Refused || r.Reason != want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	delete(v.Senders, callbackd.ProviderFCM)
	if r := v.send(callbackd.ProviderFCM, alert, 2); r.Outcome != push.Refused || r.Reason != notify.ReasonNotSetUp {
		t.Errorf("a vendor without settings: %+v", r)
	}
	if n := len(v.fake.Requests()); n != 0 {
		t.Errorf("%d requests went out", n)
	}
}
