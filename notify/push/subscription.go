package push

import (
	"crypto/ecdh"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"

	"callbackd"
)

const (
	maxEndpoint     = 2048
	maxSubscription = 8 << 10 // bytes of JSON
	authSize        = 16
)

// services are the push services of the browsers. A name that begins with a
// dot stands for everything below it.
var services = []string{
	"fcm.googleapis.com",         // Chrome, Edge on Android, Samsung, Opera
	".push.services.mozilla.com", // Firefox
	".notify.windows.com",        // Edge on Windows
	".push.apple.com",            // Safari: web.push.apple.com
}

// Hosts says which hosts endpoints may have: those of the known push services,
// by https on port 443, and the operator's extra ones.
type Hosts struct {
	anyPort map[string]bool // host
	onePort map[string]bool // host:port
}

// ParseHosts reads the setting --webpush-hosts: host or host:port, the former
// on any port. Endpoints there may be plain http and may have any address.
func ParseHosts(extra []string) (Hosts, error) {
	h := Hosts{anyPort: map[string]bool{}, onePort: map[string]bool{}}
	for _, text := range extra {
		text = strings.ToLower(strings.TrimSpace(text))
		if text == "" {
			continue
		}
		u, err := url.Parse("http://" + text)
		if err != nil || u.Hostname() == "" || u.Host != text || strings.ContainsAny(text, "*?#@/") {
			return Hosts{}, fmt.Errorf("web push hosts: %q is neither host nor host:port: %w", text, callbackd.ErrInvalid)
		}
		if u.Port() == "" {
			h.anyPort[u.Hostname()] = true
			continue
		}
		if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
			return Hosts{}, fmt.Errorf("web push hosts: %q has no such port: %w", text, callbackd.ErrInvalid)
		}
		h.onePort[net.JoinHostPort(u.Hostname(), u.Port())] = true
	}
	return h, nil
}

// hostname is u's host in small letters.
func hostname(u *url.URL) string { return strings.ToLower(u.Hostname()) }

// isExtra reports whether the operator named u's host.
func (h Hosts) isExtra(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	host := hostname(u)
	return h.anyPort[host] || h.onePort[net.JoinHostPort(host, port)]
}

// check returns the parsed endpoint, or why it may not be called. The reason
// holds nothing of the endpoint.
func (h Hosts) check(endpoint string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("the endpoint %s: %w", why, callbackd.ErrInvalid)
	}
	if len(endpoint) > maxEndpoint {
		return refuse("is too long")
	}
	for _, c := range []byte(endpoint) {
		if c <= ' ' || c >= 0x7f || c == '\\' {
			return refuse("holds what no URL holds")
		}
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return refuse("is no URL")
	}
	switch {
	case u.User != nil:
		return refuse("carries a user")
	case u.Fragment != "" || strings.Contains(endpoint, "#"):
		return refuse("carries a fragment")
	case h.isExtra(u) && (u.Scheme == "https" || u.Scheme == "http"):
		return u, nil
	case u.Scheme != "https":
		return refuse("is not https")
	case u.Port() != "" && u.Port() != "443":
		return refuse("has a port of its own")
	case !isService(hostname(u)):
		return refuse("is of no known push service")
	}
	return u, nil
}

func isService(host string) bool {
	for _, s := range services {
		if s[0] != '.' {
			if host == s {
				return true
			}
		} else if strings.HasSuffix(host, s) && host[0] != '.' {
			return true
		}
	}
	return false
}

// Subscription is a browser's push subscription, checked. It prints as a fixed
// word: who has the endpoint can send to it, and who has the keys can read.
type Subscription struct {
	endpoint string
	key      *ecdh.PublicKey // p256dh
	auth     [authSize]byte
}

// Endpoint returns the URL that messages are sent to, for the store.
func (s Subscription) Endpoint() string { return s.endpoint }

// P256dh returns the browser's public key in base64url, for the store.
func (s Subscription) P256dh() string {
	if s.key == nil {
		return ""
	}
	return b64.EncodeToString(s.key.Bytes())
}

// Auth returns the shared secret in base64url, for the store.
func (s Subscription) Auth() string { return b64.EncodeToString(s.auth[:]) }

// SameKeys reports whether both hold the same keys, which only the browser
// itself knows: who shows them for an endpoint owns it.
func (s Subscription) SameKeys(other Subscription) bool {
	if s.key == nil || other.key == nil {
		return false
	}
	return s.key.Equal(other.key) && subtle.ConstantTimeCompare(s.auth[:], other.auth[:]) == 1
}

// String implements fmt.Stringer and hides the subscription.
func (Subscription) String() string { return "[subscription]" }

// GoString implements fmt.GoStringer and hides the subscription.
func (s Subscription) GoString() string { return s.String() }

// LogValue implements slog.LogValuer and hides the subscription.
func (s Subscription) LogValue() slog.Value { return slog.StringValue(s.String()) }

// ParseSubscription reads what PushSubscription.toJSON gives in a browser.
// Errors are of kind callbackd.ErrInvalid.
func (h Hosts) ParseSubscription(raw []byte) (Subscription, error) {
	var in struct {
		Endpoint string `json:"endpoint"`
		Keys     struct {
			P256dh string `json:"p256dh"`
			Auth   string `json:"auth"`
		} `json:"keys"`
	}
	if len(raw) > maxSubscription {
		return Subscription{}, fmt.Errorf("the subscription is too long: %w", callbackd.ErrInvalid)
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Subscription{}, fmt.Errorf("the subscription is not the JSON of one: %w", callbackd.ErrInvalid)
	}
	return h.NewSubscription(in.Endpoint, in.Keys.P256dh, in.Keys.Auth)
}

// NewSubscription checks a subscription's parts: an endpoint at a known
// service, a key on the curve, a secret of 16 bytes.
func (h Hosts) NewSubscription(endpoint, p256dh, auth string) (Subscription, error) {
	if _, err := h.check(endpoint); err != nil {
		return Subscription{}, err
	}
	point, err := decodeKey(p256dh)
	if err != nil || len(point) != pointSize {
		return Subscription{}, fmt.Errorf("p256dh is not an uncompressed point in base64url: %w", callbackd.ErrInvalid)
	}
	key, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return Subscription{}, fmt.Errorf("p256dh is not on the curve: %w", callbackd.ErrInvalid)
	}
	secret, err := decodeKey(auth)
	if err != nil || len(secret) != authSize {
		return Subscription{}, fmt.Errorf("auth is not 16 bytes in base64url: %w", callbackd.ErrInvalid)
	}
	return Subscription{endpoint: endpoint, key: key, auth: [authSize]byte(secret)}, nil
}

// decodeKey takes base64url and base64, padded or not: older browsers differ.
func decodeKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	return base64.RawURLEncoding.Strict().DecodeString(text)
}
