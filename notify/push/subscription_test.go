package push_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"callbackd"
	"callbackd/notify/push"
)

// The keys are those of RFC 8291's example.
const (
	exampleP256dh = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	exampleAuth   = "BTBZMqHH6r4Tts7J_aSIgg"
)

func mustHosts(t testing.TB, extra ...string) push.Hosts {
	t.Helper()
	h, err := push.ParseHosts(extra)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestF29_EndpointsOfKnownServicesAlone(t *testing.T) {
	h := mustHosts(t)
	for _, endpoint := range []string{
		"https://fcm.googleapis.com/fcm/send/abc:APA91b",
		"https://fcm.googleapis.com:443/wp/abc",
		"https://FCM.googleapis.com/fcm/send/abc",
		"https://updates.push.services.mozilla.com/wpush/v2/gAAA",
		"https://wns2-par02p.notify.windows.com/w/?token=BQYAAAC%2b",
		"https://web.push.apple.com/QGuQ",
	} {
		s, err := h.NewSubscription(endpoint, exampleP256dh, exampleAuth)
		if err != nil || s.Endpoint() != endpoint {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{
		"", "fcm.googleapis.com/x", "//fcm.googleapis.com/x", "https:fcm.googleapis.com", "https:///fcm.googleapis.com",
		"http://fcm.googleapis.com/fcm/send/abc",
		"ftp://fcm.googleapis.com/x", "file:///etc/passwd", "javascript:alert(1)",
		"https://127.0.0.1/x", "https://127.0.0.1:8080/x", "http://127.0.0.1/x", "https://localhost/x", "https://2130706433/x",
		"https://169.254.169.254/latest/meta-data/", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://[fe80::1%25eth0]/x",
		"https://10.0.0.1/x", "https://0/x",
		"https://fcm.googleapis.com@127.0.0.1/x", "https://user:pass@fcm.googleapis.com/x", "https://user@fcm.googleapis.com/x",
		"https://@fcm.googleapis.com/x",
		"https://evil.example/x.google.com", "https://evil.example/fcm.googleapis.com", "https://evil.example/?fcm.googleapis.com",
		"https://evil.example/#.push.apple.com", "https://fcm.googleapis.com/x#fragment", "https://fcm.googleapis.com/x#",
		"https://fcm.googleapis.com.evil.example/x", "https://evilfcm.googleapis.com/x", "https://evilpush.apple.com/x",
		"https://.push.apple.com/x", "https://push.apple.com/x", "https://x.google.com/x", "https://fcm.googleapis.com./x",
		"https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com\\@evil.example/x",
		"https://evil.example\\.push.apple.com/x", "https://fcm.googleapis.com/\x00", "https://fcm.googleapis.com/ x",
		"https://fcm.googleapis.com/\r\nX: y", "https://ｆcm.googleapis.com/x", "https://fcm.googleapis.com/" + strings.Repeat("a", 3000),
	} {
		_, err := h.NewSubscription(endpoint, exampleP256dh, exampleAuth)
		if !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: %v, want refused", endpoint, err)
		}
	}
}

func TestSubscription_ExtraHostsOfTheOperator(t *testing.T) {
	h := mustHosts(t, "push.inside.example", "127.0.0.1:4711", "[::1]:4712", " Push.Upper.Example:80 ", "")
	for endpoint, want := range map[string]bool{
		"http://push.inside.example/x":        true,
		"http://push.inside.example:9999/x":   true,
		"https://push.inside.example/x":       true,
		"http://127.0.0.1:4711/x":             true,
		"http://[::1]:4712/x":                 true,
		"http://push.upper.example/x":         true,
		"https://push.upper.example/x":        false, // port 443
		"http://127.0.0.1:4712/x":             false,
		"http://127.0.0.1/x":                  false,
		"http://x.push.inside.example/x":      false,
		"ftp://push.inside.example/x":         false,
		"http://user@push.inside.example/x":   false,
		"http://other.example/127.0.0.1:4711": false,
	} {
		_, err := h.NewSubscription(endpoint, exampleP256dh, exampleAuth)
		if (err == nil) != want {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, bad := range []string{"http://x.example", "x.example/path", "*.example", "user@x.example", "x.example:port", "x.example:0", "x.example:70000", "a b"} {
		if _, err := push.ParseHosts([]string{bad}); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: %v, want refused", bad, err)
		}
	}
}

func TestSubscription_KeysMustBeKeys(t *testing.T) {
	h := mustHosts(t)
	const endpoint = "https://fcm.googleapis.com/fcm/send/abc"
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(exampleP256dh) + "="
	for name, c := range map[string]struct {
		p256dh, auth string
		ok           bool
	}{
		"as it should be":      {exampleP256dh, exampleAuth, true},
		"padded":               {exampleP256dh + "=", exampleAuth + "==", true},
		"standard base64":      {standard, exampleAuth, true},
		"no key":               {"", exampleAuth, false},
		"no secret":            {exampleP256dh, "", false},
		"a point off it":       {exampleP256dh[:len(exampleP256dh)-3] + "AAA", exampleAuth, false},
		"a compressed point":   {"AyVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx", exampleAuth, false},
		"a secret of 15 bytes": {exampleP256dh, "BTBZMqHH6r4Tts7J_aSI", false},
		"a secret of 17 bytes": {exampleP256dh, "BTBZMqHH6r4Tts7J_aSIggA", false},
		"no base64":            {exampleP256dh, "!!!!", false},
		"a line break":         {exampleP256dh[:40] + "\n" + exampleP256dh[40:], exampleAuth[:8] + " " + exampleAuth[8:], false},
	} {
		s, err := h.NewSubscription(endpoint, c.p256dh, c.auth)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (s.P256dh() != exampleP256dh || s.Auth() != exampleAuth) {
			t.Errorf("%s: read back as %s, %s", name, s.P256dh(), s.Auth())
		}
		if err != nil && !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%s: kind of %v", name, err)
		}
	}
}

func TestSubscription_SameKeysIsBothOfThem(t *testing.T) {
	h := mustHosts(t)
	make := func(p256dh, auth string) push.Subscription {
		t.Helper()
		s, err := h.NewSubscription("https://fcm.googleapis.com/x", p256dh, auth)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const otherKey = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	one := make(exampleP256dh, exampleAuth)
	if !one.SameKeys(make(exampleP256dh, exampleAuth)) {
		t.Error("equal keys differ")
	}
	if one.SameKeys(make(exampleP256dh, "AAAAAAAAAAAAAAAAAAAAAA")) || one.SameKeys(make(otherKey, exampleAuth)) ||
		one.SameKeys(push.Subscription{}) || (push.Subscription{}).SameKeys(push.Subscription{}) {
		t.Error("other keys are the same")
	}
}

func FuzzSubscription(f *testing.F) {
	for _, endpoint := range []string{
		"https://fcm.googleapis.com/fcm/send/abc", "https://fcm.googleapis.com@127.0.0.1/", "http://127.0.0.1:4711/x", "https://[::1]/",
		"https://evil.example/x.google.com", "https://wns2-par02p.notify.windows.com/w/?token=a%2b",
	} {
		raw, err := json.Marshal(map[string]any{"endpoint": endpoint, "keys": map[string]string{"p256dh": exampleP256dh, "auth": exampleAuth}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"endpoint":1}`))
	f.Add([]byte(`{"endpoint":"https://fcm.googleapis.com/","keys":null}`))
	h := mustHosts(f, "127.0.0.1:4711")
	suffixes := []string{"fcm.googleapis.com", ".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := h.ParseSubscription(raw)
		if err != nil {
			if !errors.Is(err, callbackd.ErrInvalid) {
				t.Errorf("kind of %v", err)
			}
			return
		}
		// what was taken begins, to the letter, with a host that is allowed
		scheme, rest, _ := strings.Cut(s.Endpoint(), "://")
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		host := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(rest[:end]), ":443"), ":")
		allowed := host == "127.0.0.1:4711"
		for _, suffix := range suffixes {
			allowed = allowed || strings.EqualFold(scheme, "https") && (host == suffix || suffix[0] == '.' && strings.HasSuffix(host, suffix))
		}
		if !allowed {
			t.Errorf("taken: %q", s.Endpoint())
		}
		again, err := h.NewSubscription(s.Endpoint(), s.P256dh(), s.Auth())
		if err != nil || !again.SameKeys(s) {
			t.Errorf("does not come back from the store: %v", err)
		}
	})
}
