package pushtest

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const webPushPath = "/wpush/v2/"

type browserKeys struct {
	private   *ecdh.PrivateKey
	auth      []byte
	serverKey string
}

// NewBrowser makes a browser that subscribed. serverKey is the application
// server's key that it subscribed with; "" takes any.
func (s *Server) NewBrowser(name, serverKey string) *Device {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the source of randomness never fails
	}
	return s.add(&Device{
		Name: name, Vendor: WebPush, Token: "synthetic" + randomHex(24),
		keys: &browserKeys{private: private, auth: randomBytes(16), serverKey: serverKey},
	})
}

// Endpoint is a browser's endpoint on URL.
func (d *Device) Endpoint() string { return d.server.URL + webPushPath + d.Token }

// Keys returns a browser's p256dh and auth in base64url.
func (d *Device) Keys() (p256dh, auth string) {
	return b64.EncodeToString(d.keys.private.PublicKey().Bytes()), b64.EncodeToString(d.keys.auth)
}

// Subscription is what PushSubscription.toJSON gives in the browser.
func (d *Device) Subscription() []byte { return d.SubscriptionAt(d.Endpoint()) }

// SubscriptionAt is the same with another endpoint.
func (d *Device) SubscriptionAt(endpoint string) []byte {
	p256dh, auth := d.Keys()
	out, err := json.Marshal(map[string]any{
		"endpoint": endpoint, "expirationTime": nil, "keys": map[string]string{"p256dh": p256dh, "auth": auth},
	})
	if err != nil {
		panic(err) // strings alone
	}
	return out
}

var topicForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// webPush behaves as a push service (RFC 8030, 8292), and reads the body too.
func (s *Server) webPush(r *http.Request, d *Device, req *Request) Answer {
	if d == nil {
		return Answer{Status: http.StatusNotFound}
	}
	if plain, err := Decrypt(d.keys.private, d.keys.auth, req.Body); err != nil {
		req.Problem = err.Error()
	} else {
		req.Plain = plain
	}
	if r.Method != http.MethodPost {
		return Answer{Status: http.StatusMethodNotAllowed}
	}
	if status := s.checkVAPID(r, d); status != 0 {
		return Answer{Status: status}
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	topic, urgency := r.Header.Get("Topic"), r.Header.Get("Urgency")
	switch {
	case !d.goneSince().IsZero():
		return Answer{Status: http.StatusGone}
	case err != nil || ttl < 0:
		return Answer{Status: http.StatusBadRequest, Body: `{"reason":"BadTtl"}`}
	case topic != "" && !topicForm.MatchString(topic):
		return Answer{Status: http.StatusBadRequest, Body: `{"reason":"BadWebPushTopic"}`}
	case urgency != "" && !strings.Contains(" very-low low normal high ", " "+urgency+" "):
		return Answer{Status: http.StatusBadRequest, Body: `{"reason":"BadUrgency"}`}
	case r.Header.Get("Content-Encoding") != "aes128gcm":
		return Answer{Status: http.StatusBadRequest}
	case len(req.Body) > 4096:
		return Answer{Status: http.StatusRequestEntityTooLarge}
	}
	return Answer{Status: http.StatusCreated, Header: http.Header{"Location": {"/m/" + randomHex(12)}}}
}

// checkVAPID returns the status of a refusal, 0 where the token is right.
func (s *Server) checkVAPID(r *http.Request, d *Device) int {
	fields, ok := strings.CutPrefix(r.Header.Get("Authorization"), "vapid ")
	if !ok {
		return http.StatusUnauthorized
	}
	var token, key string
	for part := range strings.SplitSeq(fields, ",") {
		part = strings.TrimSpace(part)
		if v, ok := strings.CutPrefix(part, "t="); ok {
			token = v
		} else if v, ok := strings.CutPrefix(part, "k="); ok {
			key = v
		}
	}
	point, err := b64.DecodeString(key)
	if err != nil {
		return http.StatusUnauthorized
	}
	var header struct{ Alg string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	signed, signature, err := openJWT(token, &header, &claims)
	if err != nil || header.Alg != "ES256" || !verifyES256(point, signed, signature) {
		return http.StatusForbidden
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	left := time.Unix(claims.Exp, 0).Sub(s.opts.Now())
	switch {
	case claims.Aud != scheme+r.Host, left <= 0, left > 24*time.Hour:
		return http.StatusForbidden
	case !strings.HasPrefix(claims.Sub, "https://") && !strings.HasPrefix(claims.Sub, "mailto:"),
		strings.HasPrefix(claims.Sub, "mailto:mailto:"):
		return http.StatusForbidden
	}
	if bound, err := b64.DecodeString(d.keys.serverKey); d.keys.serverKey != "" && (err != nil || !bytes.Equal(bound, point)) {
		return http.StatusForbidden
	}
	return 0
}
