package handlers_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"callbackd/handlers"
)

// TestHTTPS_IsBelievedOfTrustedProxiesAlone goes over who says that a request came by https.
func TestHTTPS_IsBelievedOfTrustedProxiesAlone(t *testing.T) {
	const proxy, stranger = "10.0.0.7:4711", "203.0.113.9:4711"
	own := &tls.ConnectionState{}
	for name, c := range map[string]struct {
		public, peer string
		tls          *tls.ConnectionState
		said         []string
		want         bool
	}{
		"nobody says so":              {"http", proxy, nil, nil, false},
		"a trusted proxy":             {"http", proxy, nil, []string{"https"}, true},
		"in capitals":                 {"http", proxy, nil, []string{"HTTPS"}, true},
		"mapped into IPv6":            {"http", "[::ffff:10.0.0.7]:4711", nil, []string{"https"}, true},
		"a stranger":                  {"http", stranger, nil, []string{"https"}, false},
		"no address":                  {"http", "@", nil, []string{"https"}, false},
		"a stranger before the proxy": {"http", proxy, nil, []string{"https, http"}, false},
		"in a line of its own":        {"http", proxy, nil, []string{"https", "http"}, false},
		"the last of two proxies":     {"http", proxy, nil, []string{"http", "https"}, true},
		"another scheme":              {"http", proxy, nil, []string{"wss"}, false},
		"our own TLS":                 {"http", stranger, own, nil, true},
		"our own TLS, whatever":       {"http", stranger, own, []string{"http"}, true},
		"the public URL":              {"https", stranger, nil, nil, true},
		"the public URL, whatever":    {"https", proxy, nil, []string{"http"}, true},
	} {
		h := &handlers.Handlers{Config: handlers.Config{PublicURL: &url.URL{Scheme: c.public, Host: "wall.example"},
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}}
		r := httptest.NewRequest("GET", "http://wall.example/", nil)
		r.RemoteAddr, r.TLS = c.peer, c.tls
		r.Header["X-Forwarded-Proto"] = c.said
		if got := h.IsHTTPS(r); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestHTTPS_MakesCookiesSecure: whoever talks to us directly cannot say it.
func TestHTTPS_MakesCookiesSecure(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		secure  bool
	}{
		"a trusted proxy": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, true},
		"a stranger":      {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, false},
	} {
		s := newAPISite(t, func(cfg *handlers.Config) {
			cfg.PublicURL, cfg.TrustedProxies = &url.URL{Scheme: "http", Host: "wall.example"}, c.trusted
		})
		r := s.want(201, "POST", "/api/v1/viewers", `{"account":"spring"}`, "X-Forwarded-Proto: https")
		cookies := (&http.Response{Header: r.head}).Cookies()
		if len(cookies) != 1 || cookies[0].Secure != c.secure {
			t.Errorf("%s: %v", name, r.head["Set-Cookie"])
		}
		r = s.want(200, "GET", "/desk/login", "", "X-Forwarded-Proto: https")
		if cookies := (&http.Response{Header: r.head}).Cookies(); len(cookies) != 1 || cookies[0].Secure != c.secure {
			t.Errorf("%s: the desk's %v", name, r.head["Set-Cookie"])
		}
		if r.head.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: strict transport is the proxy's to ask for", name)
		}
	}
}
