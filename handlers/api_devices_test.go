package handlers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
)

const devicesPath = "/api/v1/me/devices"

// Keys of RFC 8291's example, and another browser's.
const (
	p256dh      = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	auth        = "BTBZMqHH6r4Tts7J_aSIgg"
	otherP256dh = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	otherAuth   = "AAAAAAAAAAAAAAAAAAAAAA"
)

func subscription(endpoint, p256dh, auth string) string {
	return fmt.Sprintf(`{"class":"computer","provider":"webpush","name":"Chrome","subscription":{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}}`, endpoint, p256dh, auth)
}

func (s *apiSite) targets(a *callbackd.Account, who callbackd.Sender) []callbackd.Device {
	s.Helper()
	all, err := s.db.ListDevices(context.Background(), who.ID)
	s.must(err)
	return all
}

// TestDevices_EachIsStoredAsItsProviderNeedsIt registers one of each kind.
func TestDevices_EachIsStoredAsItsProviderNeedsIt(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v := s.viewer(s.acc, who)
	const endpoint, apns, fcm = "https://fcm.googleapis.com/fcm/send/synthetic-endpoint", "0011223344556677889900aabbccddeeff0011223344556677889900aabbccdd", "synthetic-token:APA91b_0011"
	s.secret(endpoint, p256dh, auth, apns, fcm)
	for _, c := range []struct{ body, provider, name, target string }{
		{`{"class":"computer","name":" My \u0007 laptop \n"}`, "", "My laptop", ""},
		{subscription(endpoint, p256dh, auth), "webpush", "Chrome", `{"endpoint":"` + endpoint + `","keys":{"p256dh":"` + p256dh + `","auth":"` + auth + `"}}`},
		{`{"class":"phone","provider":"apns","token":"` + strings.ToUpper(apns) + `"}`, "apns", "phone", apns},
		{`{"class":"phone","provider":"fcm","token":"` + fcm + `","name":"手机"}`, "fcm", "手机", fcm},
	} {
		s.notices.since()
		id := s.want(201, "POST", devicesPath, c.body, v.bearer()).field("device")
		if changed := s.notices.since(); !slices.Equal(changed, []callbackd.SenderID{who.ID}) {
			t.Errorf("%s: changed %v", c.provider, changed)
		}
		all := s.targets(s.acc, who)
		d := all[len(all)-1]
		if string(d.PublicID) != id || string(d.Provider) != c.provider || d.Name != c.name || d.Target.Reveal() != c.target || d.Viewer != v.ID {
			t.Errorf("%s: %+v with %s", c.provider, d, d.Target.Reveal())
		}
	}
}

func TestDevices_WhatCannotBeReachedIsRefused(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v := s.viewer(s.acc, who)
	for _, body := range []string{`{}`, `{"class":"watch"}`, `{"class":"phone","provider":"smoke"}`, `{"class":"phone","provider":"webpush"}`,
		`{"class":"phone","provider":"webpush","subscription":"x"}`, `{"class":"phone","provider":"apns"}`, `{"class":"phone","provider":"apns","token":"not hex"}`,
		`{"class":"phone","provider":"fcm"}`, `{"class":"phone","provider":"fcm","token":"a b"}`, `{"class":"phone","name":"` + strings.Repeat("名", 65) + `"}`,
		subscription("https://fcm.googleapis.com/x", "x", auth), subscription("https://fcm.googleapis.com/x", p256dh, "x")} {
		s.want(400, "POST", devicesPath, body, v.bearer())
	}
	// F29: what is in the path, a user, a port or a scheme makes no push service
	for _, endpoint := range []string{"http://fcm.googleapis.com/x", "https://127.0.0.1/x", "https://169.254.169.254/x", "https://[::1]/x", "https://evil.example/fcm.googleapis.com",
		"https://fcm.googleapis.com.evil.example/x", "https://fcm.googleapis.com@evil.example/x", "https://fcm.googleapis.com:444/x", "https://localhost/x",
		"https://evilfcm.googleapis.com/x", "file:///etc/passwd", "https:fcm.googleapis.com", ""} {
		s.want(400, "POST", devicesPath, subscription(endpoint, p256dh, auth), v.bearer())
	}
	if n := len(s.targets(s.acc, who)); n != 0 {
		t.Fatalf("%d devices", n)
	}
	s.want(201, "POST", devicesPath, subscription("http://push.example:8123/x", p256dh, auth), v.bearer()) // the operator's own
	s.want(201, "POST", devicesPath, `{"class":"phone","name":"`+strings.Repeat("名", 64)+`"}`, v.bearer())
}

// A shared browser, and somebody else's.
func TestF30_AnEndpointMovesOnlyWithItsKeys(t *testing.T) {
	s := newAPISite(t, nil)
	autumn := s.addAccount("autumn", callbackd.ModerationOpen)
	first, second, third := s.follower(s.acc, ""), s.follower(s.acc, ""), s.follower(autumn, "")
	one, two, three := s.viewer(s.acc, first), s.viewer(s.acc, second), s.viewer(autumn, third)
	const endpoint = "https://web.push.apple.com/synthetic-endpoint"
	old := s.want(201, "POST", devicesPath, subscription(endpoint, p256dh, auth), one.bearer()).field("device")
	before := s.targets(s.acc, first)[0]
	for _, v := range []viewer{two, three, one} { // even its own browser has made new keys
		s.notices.since()
		for _, keys := range [][2]string{{otherP256dh, otherAuth}, {p256dh, otherAuth}, {otherP256dh, auth}} {
			s.want(409, "POST", devicesPath, subscription(endpoint, keys[0], keys[1]), v.bearer())
		}
		if viewers, devices := s.live.dropped(); len(viewers)+len(devices)+len(s.notices.since()) != 0 {
			t.Errorf("a refusal dropped %v %v", viewers, devices)
		}
	}
	if now := s.targets(s.acc, first); len(now) != 1 || now[0] != before {
		t.Fatalf("a refusal changed %+v", now)
	}
	for _, step := range []struct {
		to       viewer
		from, of callbackd.Sender
	}{{two, first, second}, {three, second, third}} {
		id := s.want(201, "POST", devicesPath, subscription(endpoint, p256dh, auth), step.to.bearer()).field("device")
		if id == old || len(s.targets(s.acc, step.from)) != 0 || len(s.targets(s.acc, step.of)) != 1 {
			t.Errorf("it did not move: %s", id)
		}
		if _, devices := s.live.dropped(); !slices.Equal(devices, []callbackd.PublicID{callbackd.PublicID(old)}) {
			t.Errorf("dropped %v", devices)
		}
		if changed := s.notices.since(); len(changed) != 2 || !slices.Contains(changed, step.from.ID) || !slices.Contains(changed, step.of.ID) {
			t.Errorf("changed %v", changed)
		}
		old = id
	}
	again := s.want(201, "POST", devicesPath, subscription(endpoint, p256dh, auth), three.bearer()).field("device")
	if _, devices := s.live.dropped(); again != old || len(devices) != 0 {
		t.Errorf("the same browser again: %s, dropped %v", again, devices)
	}
	// tokens have no keys: whoever has one is the device
	const token = `{"class":"phone","provider":"fcm","token":"synthetic-token"}`
	s.want(201, "POST", devicesPath, token, one.bearer())
	s.want(201, "POST", devicesPath, token, two.bearer())
	if len(s.targets(s.acc, first)) != 0 {
		t.Error("a token that moved is with both")
	}
}

func TestDevices_TenAreEnough(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, s.follower(s.acc, ""))
	var id string
	for range 10 {
		id = s.want(201, "POST", devicesPath, `{"class":"phone"}`, v.bearer()).field("device")
	}
	if r := s.want(409, "POST", devicesPath, `{"class":"phone"}`, v.bearer()); !strings.Contains(r.field("error"), "remove one") {
		t.Errorf("%s", r.body)
	}
	s.want(204, "DELETE", devicesPath+"/"+id, "", v.bearer())
	s.want(201, "POST", devicesPath, `{"class":"phone"}`, v.bearer())
}

// TestDevices_TheListSaysWhichIsHereAndUp.
func TestDevices_TheListSaysWhichIsHereAndUp(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v, second := s.viewer(s.acc, who), s.viewer(s.acc, who)
	s.device(v)
	registered := s.clock.Now().Format(time.RFC3339)
	s.clock.Advance(time.Minute)
	s.want(201, "POST", devicesPath, `{"class":"phone","provider":"fcm","token":"synthetic-token","name":"手机"}`, second.bearer())
	all := s.targets(s.acc, who)
	s.presence.Up(all[1].ID)
	type device struct {
		Device, Class, Provider, Name string
		RegisteredAt                  string `json:"registered_at"`
		SeenAt                        string `json:"seen_at"`
		Here, Up                      bool
	}
	var list struct{ Devices []device }
	r := s.want(200, "GET", devicesPath, "", v.bearer())
	s.must(json.Unmarshal([]byte(r.body), &list))
	later := s.clock.Now().Format(time.RFC3339)
	want := []device{{string(all[0].PublicID), "computer", "", "computer", registered, registered, true, false},
		{string(all[1].PublicID), "phone", "fcm", "手机", later, later, false, true}}
	if !slices.Equal(list.Devices, want) {
		t.Errorf("%s", r.body)
	}
	if !strings.Contains(r.body, `"up":false`) || !strings.Contains(r.body, `"here":false`) {
		t.Errorf("what is false is absent: %s", r.body)
	}
}

// TestDevices_StateAndTestReachTheNotices, and what makes no sense does not.
func TestDevices_StateAndTestReachTheNotices(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v := s.viewer(s.acc, who)
	path := devicesPath + "/" + s.device(v)
	s.want(204, "POST", path+"/state", `{"active":true,"screen":"on","client":"open","input_age_ms":1200,"user":"active","hidden_ms":5,"kiosk":true}`, v.bearer())
	s.want(204, "POST", path+"/state", `{"active":false,"screen":"locked","client":"locked","input_age_ms":0}`, v.bearer())
	want := fmt.Sprintf("state %+v|state %+v",
		callbackd.DeviceState{Active: true, Screen: "on", Client: "open", InputAgeMS: 1200, User: "active", HiddenMS: 5, Kiosk: true},
		callbackd.DeviceState{Screen: "locked", Client: "locked"})
	if got := strings.Join(s.notices.told, "|"); got != want {
		t.Errorf("told %s", got)
	}
	for _, body := range []string{`{"screen":"off"}`, `{"client":"x"}`, `{"user":"x"}`, `{"input_age_ms":-1}`, `{"hidden_ms":-1}`, `{"active":"yes"}`} {
		s.want(400, "POST", path+"/state", body, v.bearer())
	}
	if len(s.notices.told) != 2 {
		t.Errorf("told %v", s.notices.told)
	}
	nid := s.want(202, "POST", path+"/test", "", v.bearer()).field("nid")
	s.want(204, "POST", "/api/v1/notices/"+nid+"/ack", `{"how":"prompt"}`, v.bearer())
	s.live.dropped()
	s.notices.since()
	s.want(204, "DELETE", path, "", v.bearer())
	if _, devices := s.live.dropped(); len(devices) != 1 || !strings.HasSuffix(path, string(devices[0])) || !slices.Equal(s.notices.since(), []callbackd.SenderID{who.ID}) {
		t.Errorf("dropped %v", devices)
	}
	for _, what := range []string{"", "/test", "/state"} {
		method := map[bool]string{true: "DELETE", false: "POST"}[what == ""]
		s.want(404, method, path+what, "{}", v.bearer())
	}
}

func TestPushKey_IsAbsentWhereThereIsNoWebPush(t *testing.T) {
	s := newAPISite(t, nil)
	if r := s.want(200, "GET", "/api/v1/push/key", ""); r.body != `{"key":"`+pushKey+`"}`+"\n" {
		t.Errorf("%s", r.body)
	}
	newAPISite(t, func(c *handlers.Config) { c.PushKey = "" }).want(404, "GET", "/api/v1/push/key", "")
}
