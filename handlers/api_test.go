package handlers_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
	"callbackd/handlers"
)

// Who asks.
const (
	nobody  = iota
	unbound // a viewer that is bound to nobody
	bound
	other   // bound to a follower of another account
	revoked // a viewer that is gone
)

var callers = []string{"nobody", "unbound", "bound", "other account's", "revoked"}

// apiRoute is a request and its statuses, one for each caller.
type apiRoute struct {
	method, path, body string
	want               [5]int
}

// apiRoutes is every route of the API; {device} and {nid} are of the follower of
// whoever is bound.
var apiRoutes = []apiRoute{
	{"POST", "/viewers", `{"account":"spring"}`, [5]int{201, 201, 201, 201, 201}},
	{"GET", "/push/key", "", [5]int{200, 200, 200, 200, 200}},
	{"GET", "/me/binding", "", [5]int{401, 200, 200, 200, 401}},
	{"POST", "/me/binding", "", [5]int{401, 200, 200, 200, 401}},
	{"DELETE", "/me/binding", "", [5]int{401, 204, 204, 204, 401}},
	{"POST", "/me/binding/confirm", "", [5]int{401, 409, 409, 409, 401}},
	{"GET", "/me/binding/qr.svg", "", [5]int{401, 404, 404, 404, 401}},
	{"GET", "/me/preferences", "", [5]int{401, 409, 200, 200, 401}},
	{"PATCH", "/me/preferences", `{}`, [5]int{401, 409, 200, 200, 401}},
	{"GET", "/me/devices", "", [5]int{401, 409, 200, 200, 401}},
	{"POST", "/me/devices", `{"class":"phone"}`, [5]int{401, 409, 201, 201, 401}},
	{"DELETE", "/me/devices/{device}", "", [5]int{401, 409, 204, 404, 401}},
	{"POST", "/me/devices/{device}/test", "", [5]int{401, 409, 202, 404, 401}},
	{"POST", "/me/devices/{device}/state", `{"active":true}`, [5]int{401, 409, 204, 404, 401}},
	{"GET", "/me/notices", "", [5]int{401, 409, 200, 200, 401}},
	{"POST", "/notices/{nid}/ack", `{"how":"inline"}`, [5]int{401, 409, 204, 404, 401}},
	{"POST", "/notices/{nid}/read", "", [5]int{401, 409, 204, 404, 401}},
	{"GET", "/me/people?q=a", "", [5]int{401, 409, 200, 200, 401}},
	{"POST", "/me/messages", `{"text":"你好"}`, [5]int{401, 409, 202, 202, 401}},
}

// TestAPI_EveryRouteKnowsWhoAsks goes through all routes as everybody, by header
// and by cookie.
func TestAPI_EveryRouteKnowsWhoAsks(t *testing.T) {
	s := newAPISite(t, nil)
	elsewhere := s.addAccount("autumn", callbackd.ModerationOpen)
	stranger := s.follower(elsewhere, "")
	for n, route := range apiRoutes {
		for who, want := range route.want {
			for _, by := range []func(viewer) string{viewer.bearer, viewer.cookie} {
				owner := s.follower(s.acc, "")
				v, owners := viewer{slug: s.acc.Slug}, s.viewer(s.acc, owner)
				switch who {
				case unbound:
					v = s.viewer(s.acc, callbackd.Sender{})
				case bound:
					v = owners
				case other:
					v = s.viewer(elsewhere, stranger)
				case revoked:
					v = s.viewer(s.acc, owner)
					s.exec("DELETE FROM viewers WHERE id = ?", v.ID)
				}
				path := "/api/v1" + strings.NewReplacer("{nid}", string(s.notices.notice(owner.ID)), "{device}", s.device(owners)).Replace(route.path)
				headers := []string{fmt.Sprintf("X-Forwarded-For: 203.0.%d.%d", n, who), "Origin: http://wall.example"}
				if who != nobody {
					headers = append(headers, by(v))
				}
				r := s.call(route.method, path, route.body, headers...)
				if r.status != want {
					t.Errorf("%s %s as %s: %d %s, want %d", route.method, route.path, callers[who], r.status, r.body, want)
				}
				if r.status >= 400 && r.field("error") == "" {
					t.Errorf("%s %s as %s: %d without a word: %s", route.method, route.path, callers[who], r.status, r.body)
				}
				if cache := r.head.Get("Cache-Control"); cache != "no-store" {
					t.Errorf("%s %s: Cache-Control %q", route.method, route.path, cache)
				}
				if (r.status == 401) != (r.head.Get("WWW-Authenticate") != "") {
					t.Errorf("%s %s: %d with WWW-Authenticate %q", route.method, route.path, r.status, r.head.Get("WWW-Authenticate"))
				}
			}
		}
	}
}

// device registers one for a bound viewer.
func (s *apiSite) device(v viewer) string {
	s.Helper()
	return s.want(201, "POST", "/api/v1/me/devices", `{"class":"computer"}`, v.bearer()).field("device")
}

// TestAPI_TheTableHoldsEveryRoute: a route that is not in it has no test.
func TestAPI_TheTableHoldsEveryRoute(t *testing.T) {
	s := newAPISite(t, nil)
	in := map[string]bool{}
	for _, r := range apiRoutes {
		path, _, _ := strings.Cut(r.path, "?")
		in[r.method+" /api/v1"+strings.Replace(path, "{device}", "{id}", 1)] = true
	}
	routes := 0
	s.must(chi.Walk(s.router.(chi.Routes), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(path, "/api/") {
			routes++
			if !in[method+" "+path] {
				t.Errorf("%s %s is not in the table", method, path)
			}
		}
		return nil
	}))
	if routes != len(in) {
		t.Errorf("%d routes, %d in the table", routes, len(in))
	}
}

func TestAPI_IsNotThereWithoutNotices(t *testing.T) {
	s := newAPISite(t, func(c *handlers.Config) { c.Notices = nil })
	if r := s.call("POST", "/api/v1/viewers", `{"account":"spring"}`); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}

func TestAPI_WhatIsNotThereIsAnsweredInJSON(t *testing.T) {
	s := newAPISite(t, nil)
	s.want(404, "GET", "/api/v1/nothing", "")
	s.want(405, "PUT", "/api/v1/me/preferences", "")
	s.want(404, "POST", "/api/v1/viewers", `{"account":"nobody"}`)
	s.want(404, "POST", "/api/v1/viewers", `{"account":"NOT A SLUG"}`)
}

// TestAPI_BodiesAreOneJSONObjectOfAtMost16KiB tries what is not on every route
// that reads a body.
func TestAPI_BodiesAreOneJSONObjectOfAtMost16KiB(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, s.follower(s.acc, ""))
	for n, route := range apiRoutes {
		if route.body == "" {
			continue
		}
		path := "/api/v1" + strings.NewReplacer("{nid}", "x", "{device}", "x").Replace(route.path)
		for body, want := range map[string]int{"": 400, "{": 400, "[]": 400, `"x"`: 400, `{} {}`: 400, "\x00": 400,
			`{"x":"` + strings.Repeat("y", 16<<10) + `"}`: 413} {
			if route.path == "/me/messages" && body != "[]" && want != 413 {
				continue // six a minute are enough
			}
			r := s.call(route.method, path, body, v.bearer(), fmt.Sprintf("X-Forwarded-For: 2001:db8:%d:%d::1", n, len(body)))
			if r.status != want || r.field("error") == "" {
				t.Errorf("%s %s with %.20q: %d %s, want %d", route.method, route.path, body, r.status, r.body, want)
			}
		}
	}
	for body, field := range map[string]string{`{"receive":1}`: "receive", `{"detail":"x"}`: "detail", `{"idle_after_s":1.5}`: "idle_after_s"} {
		if r := s.want(400, "PATCH", "/api/v1/me/preferences", body, v.bearer()); !strings.Contains(r.body, field) {
			t.Errorf("%s: %s does not name the field", body, r.body)
		}
	}
	s.want(200, "PATCH", "/api/v1/me/preferences", `{"unheard_of":[1,{}],"receive":true}`, v.bearer())
}

// TestViewers_ANewOneGetsATokenAndACookie also looks at every flag.
func TestViewers_ANewOneGetsATokenAndACookie(t *testing.T) {
	for scheme, secure := range map[string]bool{"http": false, "https": true} {
		s := newAPISite(t, func(c *handlers.Config) { c.PublicURL = &url.URL{Scheme: scheme, Host: "wall.example"} })
		r := s.want(201, "POST", "/api/v1/viewers", `{"account":"spring"}`)
		token := r.field("token")
		if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 || len(r.field("viewer")) != 20 {
			t.Fatalf("%s", r.body)
		}
		cookies := (&http.Response{Header: r.head}).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != "viewer-spring" || c.Value != token || c.Path != "/" || c.Domain != "" || c.MaxAge != 180*24*3600 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure {
			t.Errorf("%s: %s", scheme, r.head.Get("Set-Cookie"))
		}
		s.want(200, "GET", "/api/v1/me/binding", "", "Authorization: Bearer "+token)
		s.want(200, "GET", "/api/v1/me/binding", "", "authorization: bearer  "+token)
		s.want(200, "GET", "/api/v1/me/binding", "", "Cookie: viewer-spring="+token)
		if again := s.want(201, "POST", "/api/v1/viewers", `{"account":"spring"}`); again.field("token") == token || again.field("viewer") == r.field("viewer") {
			t.Error("two viewers are one")
		}
		var stored int
		s.must(s.count(&stored, "SELECT COUNT(*) FROM viewers WHERE token = ? OR CAST(token AS TEXT) = ?", token, token))
		if stored != 0 {
			t.Error("the token itself is stored")
		}
		s.secret(token)
	}
}

func TestViewers_WhatIsNoTokenIsNobody(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, callbackd.Sender{})
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	twin := v.token[:42] + string(alphabet[strings.IndexByte(alphabet, v.token[42])^1]) // the same bytes to a careless reader
	for _, header := range []string{"Authorization: Bearer " + twin, "Authorization: Bearer", "Authorization: Bearer x", "Authorization: Basic " + v.token, "Authorization: " + v.token,
		v.bearer() + "x", "Authorization: Bearer " + v.token[:42], "Cookie: viewer-spring=", "Cookie: viewer-autumn=" + v.token, "Cookie: viewer-=" + v.token,
		"Cookie: session=" + v.token, "Authorization: Bearer " + strings.Repeat("A", 43)} {
		s.want(401, "GET", "/api/v1/me/binding", "", header)
	}
	// a header that is wrong is not made good by a cookie that is right
	s.want(401, "GET", "/api/v1/me/binding", "", "Authorization: Bearer "+strings.Repeat("A", 43), v.cookie())
	s.want(200, "GET", "/api/v1/me/binding", "", v.bearer(), "Cookie: viewer-spring="+strings.Repeat("A", 43))
}

// TestViewers_ACookieOfNobodyIsTakenAway, so that it does not stand in the way of
// another wall's.
func TestViewers_ACookieOfNobodyIsTakenAway(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, callbackd.Sender{})
	s.exec("DELETE FROM viewers WHERE id = ?", v.ID)
	r := s.want(401, "GET", "/api/v1/me/binding", "", v.cookie())
	if c := (&http.Response{Header: r.head}).Cookies(); len(c) != 1 || c[0].Name != "viewer-spring" || c[0].MaxAge >= 0 || c[0].Value != "" {
		t.Errorf("%q", r.head.Values("Set-Cookie"))
	}
	if r := s.want(401, "GET", "/api/v1/me/binding", "", v.bearer()); r.head.Get("Set-Cookie") != "" {
		t.Error("a program is given a cookie")
	}
}

// TestViewers_TwoWallsInOneBrowser: the query says which; nobody is taken for the
// follower of another account.
func TestViewers_TwoWallsInOneBrowser(t *testing.T) {
	s := newAPISite(t, nil)
	autumn := s.addAccount("autumn", callbackd.ModerationOpen)
	one, two := s.viewer(s.acc, s.follower(s.acc, "小春")), s.viewer(autumn, s.follower(autumn, "小秋"))
	both := one.cookie() + "; " + strings.TrimPrefix(two.cookie(), "Cookie: ")
	if r := s.want(400, "GET", "/api/v1/me/binding", "", both); !strings.Contains(r.body, "?account=") {
		t.Errorf("%s does not say what to do", r.body)
	}
	for slug, name := range map[string]string{"spring": "小春", "autumn": "小秋"} {
		if r := s.want(200, "GET", "/api/v1/me/binding?account="+slug, "", both); r.field("name") != name {
			t.Errorf("%s: %s", slug, r.body)
		}
	}
	s.want(401, "GET", "/api/v1/me/binding?account=winter", "", both)
	s.want(401, "GET", "/api/v1/me/binding?account=autumn", "", one.cookie())
	if r := s.want(200, "GET", "/api/v1/me/binding?account=autumn", "", one.bearer(), both); r.field("name") != "小春" {
		t.Errorf("the header does not win: %s", r.body)
	}
	if r := s.want(200, "GET", "/api/v1/me/binding", "", one.cookie()+"; theme=dark"); r.field("name") != "小春" {
		t.Errorf("the only one: %s", r.body)
	}
}

// TestAPI_OtherPagesCannotUseTheCookie is the table of what browsers say of who
// asks, for requests that change something.
func TestAPI_OtherPagesCannotUseTheCookie(t *testing.T) {
	s := newAPISite(t, nil)
	for _, c := range []struct {
		headers []string
		ours    bool
	}{
		{nil, true}, // no browser: each of them says one of the two with what changes something
		{[]string{"Origin: http://wall.example"}, true},
		{[]string{"Origin: HTTP://Wall.Example"}, true},
		{[]string{"Origin: " + s.http.URL}, true}, // an address of the house
		{[]string{"Origin: https://wall.example"}, false},
		{[]string{"Origin: http://wall.example.evil.example"}, false},
		{[]string{"Origin: http://wall.example:81"}, false},
		{[]string{"Origin: http://evil.example"}, false},
		{[]string{"Origin: null"}, false},
		{[]string{"Sec-Fetch-Site: same-origin"}, true},
		{[]string{"Sec-Fetch-Site: same-site"}, false},
		{[]string{"Sec-Fetch-Site: cross-site"}, false},
		{[]string{"Sec-Fetch-Site: none"}, false},
		{[]string{"Sec-Fetch-Site: cross-site", "Origin: http://wall.example"}, false},
		{[]string{"Referer: http://evil.example/"}, true}, // says nothing that counts
	} {
		v := s.viewer(s.acc, s.follower(s.acc, ""))
		for _, route := range apiRoutes {
			if route.method == "GET" || route.path == "/viewers" {
				continue
			}
			path := "/api/v1" + strings.NewReplacer("{nid}", "x", "{device}", "x").Replace(route.path)
			r := s.call(route.method, path, route.body, append(c.headers, v.cookie())...)
			if (r.status == 403) == c.ours {
				t.Errorf("%s %s with %q: %d %s", route.method, path, c.headers, r.status, r.body)
			}
			if route.path == "/me/binding" && r.status == 204 { // it is free now
				s.exec("UPDATE viewers SET sender_id = ? WHERE id = ?", v.Sender, v.ID)
			}
		}
		if r := s.call("GET", "/api/v1/me/preferences", "", append(c.headers, v.cookie())...); r.status != 200 {
			t.Errorf("GET with %q: %d %s", c.headers, r.status, r.body)
		}
		if r := s.call("PATCH", "/api/v1/me/preferences", "{}", append(c.headers, v.bearer())...); r.status != 200 {
			t.Errorf("by header with %q: %d %s", c.headers, r.status, r.body)
		}
	}
	// another page must not put a viewer of its own in the place of ours either
	for header, want := range map[string]int{"Origin: http://evil.example": 403, "Sec-Fetch-Site: cross-site": 403, "Origin: http://wall.example": 201, "User-Agent: app": 201} {
		r := s.call("POST", "/api/v1/viewers", `{"account":"spring"}`, header)
		if r.status != want || want == 403 && r.head.Get("Set-Cookie") != "" {
			t.Errorf("viewers with %s: %d %s", header, r.status, r.head.Get("Set-Cookie"))
		}
	}
}

// TestViewers_AVisitIsWrittenDownHourly, and the cookie lives on from then.
func TestViewers_AVisitIsWrittenDownHourly(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, callbackd.Sender{})
	first := v.SeenAt
	seen := func() time.Duration {
		got, err := s.db.GetViewer(context.Background(), v.ID)
		s.must(err)
		return got.SeenAt.Sub(first)
	}
	s.clock.Advance(time.Hour - time.Second)
	if r := s.want(200, "GET", "/api/v1/me/binding", "", v.cookie()); r.head.Get("Set-Cookie") != "" || seen() != 0 {
		t.Errorf("within the hour: %q, %s", r.head.Get("Set-Cookie"), seen())
	}
	s.clock.Advance(time.Second)
	r := s.call("GET", "/api/v1/me/binding", "", v.bearer())
	if r.head.Get("Set-Cookie") != "" || seen() != time.Hour {
		t.Errorf("a program after the hour: %q, %s", r.head.Get("Set-Cookie"), seen())
	}
	s.clock.Advance(time.Hour)
	secrets := s.secrets
	s.secrets = nil // the cookie is its own again
	r = s.want(200, "GET", "/api/v1/me/binding", "", v.cookie())
	s.answers.Reset()
	s.secrets = secrets
	c := (&http.Response{Header: r.head}).Cookies()
	if len(c) != 1 || c[0].Value != v.token || c[0].MaxAge != 180*24*3600 || !c[0].HttpOnly || seen() != 2*time.Hour {
		t.Errorf("a browser after the hour: %d cookies, %s", len(c), seen())
	}
}

// TestIdentify_KnowsAHandshakeAsTheAPIDoes.
func TestIdentify_KnowsAHandshakeAsTheAPIDoes(t *testing.T) {
	s := newAPISite(t, nil)
	autumn := s.addAccount("autumn", callbackd.ModerationOpen)
	one, two := s.viewer(s.acc, callbackd.Sender{}), s.viewer(autumn, callbackd.Sender{})
	h := handlers.New(handlers.Config{DB: s.db, Now: s.clock.Now})
	for name, c := range map[string]struct {
		query, header string
		want          callbackd.ViewerID
	}{
		"header":           {"", one.bearer(), one.ID},
		"cookie":           {"", one.cookie(), one.ID},
		"nothing":          {"", "X: y", 0},
		"a wrong token":    {"", one.bearer() + "x", 0},
		"two cookies":      {"", one.cookie() + "; " + strings.TrimPrefix(two.cookie(), "Cookie: "), 0},
		"one of two":       {"?account=autumn", one.cookie() + "; " + strings.TrimPrefix(two.cookie(), "Cookie: "), two.ID},
		"another's cookie": {"", "Cookie: viewer-autumn=" + one.token, 0},
	} {
		r, err := http.NewRequest("GET", "/live/websocket"+c.query, nil)
		s.must(err)
		key, value, _ := strings.Cut(c.header, ": ")
		r.Header.Set(key, value)
		if got := h.Identify(r); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestPreferences_PatchMerges follows one follower's choice step by step.
func TestPreferences_PatchMerges(t *testing.T) {
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "")
	v, second := s.viewer(s.acc, who), s.viewer(s.acc, who)
	const path = "/api/v1/me/preferences"
	const base = `"receive":true,"detail":2,`
	for _, step := range []struct {
		patch  string
		status int
		want   string // "": as before
	}{
		{`{}`, 200, `{"receive":false,"detail":1,"idle_after_s":120,"phone_too":false}`},
		{`{"receive":true}`, 200, `{"receive":true,"detail":1,"idle_after_s":120,"phone_too":false}`},
		{`{"detail":2,"quiet":{"from":"22:00","to":"08:00","zone":"Asia/Shanghai"}}`, 200,
			`{` + base + `"quiet":{"from":"22:00","to":"08:00","zone":"Asia/Shanghai","mentions_pass":false},"idle_after_s":120,"phone_too":false}`},
		{`{"quiet":{"mentions_pass":true}}`, 200, `{` + base + `"quiet":{"from":"22:00","to":"08:00","zone":"Asia/Shanghai","mentions_pass":true},"idle_after_s":120,"phone_too":false}`},
		{`{"quiet":{"from":"23:30"},"phone_too":true}`, 200, `{` + base + `"quiet":{"from":"23:30","to":"08:00","zone":"Asia/Shanghai","mentions_pass":true},"idle_after_s":120,"phone_too":true}`},
		{`{"detail":3}`, 400, ""},
		{`{"detail":-1}`, 400, ""},
		{`{"idle_after_s":29}`, 400, ""},
		{`{"idle_after_s":901}`, 400, ""},
		{`{"quiet":{"from":"24:00"}}`, 400, ""},
		{`{"quiet":{"to":"23:30"}}`, 400, ""},
		{`{"quiet":{"zone":"Mars/Olympus"}}`, 400, ""},
		{`{"quiet":{"zone":"Local"}}`, 400, ""},
		{`{"quiet":7}`, 400, ""},
		{`{"quiet":{"from":7}}`, 400, ""},
		{`{"receive":false,"detail":3}`, 400, ""}, // nothing of it
		{`{"quiet":null,"idle_after_s":900}`, 200, `{` + base + `"idle_after_s":900,"phone_too":true}`},
		{`{"quiet":{"mentions_pass":true}}`, 400, ""}, // there is nothing to merge it with
		{`{"receive":false,"detail":0,"idle_after_s":30,"phone_too":false}`, 200, `{"receive":false,"detail":0,"idle_after_s":30,"phone_too":false}`},
	} {
		before := s.want(200, "GET", path, "", second.bearer()).body
		s.notices.since()
		r := s.want(step.status, "PATCH", path, step.patch, v.bearer())
		changed := s.notices.since()
		want := step.want + "\n"
		if step.want == "" {
			want = before
		} else if r.body != want {
			t.Errorf("%s is answered %s, want %s", step.patch, r.body, want)
		}
		if got := s.want(200, "GET", path, "", second.bearer()).body; got != want {
			t.Errorf("after %s the other viewer reads %s, want %s", step.patch, got, want)
		}
		if told := slices.Equal(changed, []callbackd.SenderID{who.ID}); told != (step.status == 200) {
			t.Errorf("%s: changed %v", step.patch, changed)
		}
	}
}

// TestNotices_ForeignOnesAre404AndTwiceIsOnce is F4 of the API.
func TestNotices_ForeignOnesAre404AndTwiceIsOnce(t *testing.T) {
	s := newAPISite(t, nil)
	who, stranger := s.follower(s.acc, ""), s.follower(s.acc, "")
	v, others := s.viewer(s.acc, who), s.viewer(s.acc, stranger)
	nid := string(s.notices.notice(who.ID))
	for range 2 {
		for _, how := range []string{"inline", "prompt", "silent"} {
			if r := s.want(204, "POST", "/api/v1/notices/"+nid+"/ack", `{"how":"`+how+`"}`, v.bearer()); r.body != "" {
				t.Errorf("204 with %q", r.body)
			}
		}
		s.want(204, "POST", "/api/v1/notices/"+nid+"/read", "", v.bearer())
	}
	if want := "ack inline,ack prompt,ack silent,read"; strings.Join(s.notices.told, ",") != want+","+want {
		t.Errorf("told %v", s.notices.told)
	}
	for _, id := range []string{nid, "unknown", "..", "%00", strings.Repeat("x", 300)} {
		s.want(404, "POST", "/api/v1/notices/"+id+"/ack", `{"how":"inline"}`, others.bearer())
		s.want(404, "POST", "/api/v1/notices/"+id+"/read", "", others.bearer())
	}
	for _, body := range []string{`{}`, `{"how":""}`, `{"how":"loud"}`, `{"how":7}`} {
		s.want(400, "POST", "/api/v1/notices/"+nid+"/ack", body, v.bearer())
	}
	if len(s.notices.told) != 8 {
		t.Errorf("told %v", s.notices.told)
	}
	if r := s.want(200, "GET", "/api/v1/me/notices?before="+nid+"&limit=3", "", v.bearer()); !strings.Contains(r.body, `"unread":1`) || s.notices.asked != `before "`+nid+`" limit 3` {
		t.Errorf("%s, asked %s", r.body, s.notices.asked)
	}
	if s.want(200, "GET", "/api/v1/me/notices", "", others.bearer()); s.notices.asked != `before "" limit 50` {
		t.Errorf("asked %s", s.notices.asked)
	}
	if r := s.want(400, "GET", "/api/v1/me/notices?before="+nid, "", others.bearer()); !strings.Contains(r.field("error"), "before is") {
		t.Errorf("%s", r.body)
	}
	for _, limit := range []string{"0", "201", "x", ""} {
		s.want(400, "GET", "/api/v1/me/notices?limit="+limit, "", v.bearer())
	}
}

func (s *apiSite) count(n *int, query string, args ...any) error {
	raw, err := s.openRaw()
	if err != nil {
		return err
	}
	defer raw.Close()
	return raw.QueryRow(query, args...).Scan(n)
}

// TestAPI_FailuresSayNothingOfUs: the error of the database stays in the log.
func TestAPI_FailuresSayNothingOfUs(t *testing.T) {
	s := newAPISite(t, nil)
	v := s.viewer(s.acc, callbackd.Sender{})
	s.exec("ALTER TABLE viewers RENAME TO elsewhere")
	r := s.want(500, "GET", "/api/v1/me/binding", "", v.bearer())
	s.exec("ALTER TABLE elsewhere RENAME TO viewers")
	if strings.Contains(r.body, "viewers") || !strings.Contains(s.logs.String(), "request failed") {
		t.Errorf("%s", r.body)
	}
}
