package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

const (
	// DefaultAPNsURL is Apple's production service.
	DefaultAPNsURL = "https://api.push.apple.com"
	// MaxAPNsPayload is Apple's limit of a payload, in bytes.
	MaxAPNsPayload = 4096

	maxCollapseID = 64
	// providerLife is between the 20 min under which Apple refuses new tokens
	// and the 60 min after which it refuses old ones.
	providerLife     = 40 * time.Minute
	providerMinRenew = 20 * time.Minute
)

// APNsConfig is what an APNs needs. URL, Timeout, Roots and Now may be zero.
type APNsConfig struct {
	Key     []byte // the .p8 file: PKCS #8 in PEM, a P-256 key
	KeyID   string
	Team    string
	Topic   string // the app's bundle id
	URL     string // plain http speaks h2c
	Timeout time.Duration
	Roots   *x509.CertPool // nil: the system's
	Now     func() time.Time
}

// APNs sends to Apple's devices, by HTTP/2 with token authentication.
type APNs struct {
	key    *ecdsa.PrivateKey
	keyID  string
	team   string
	topic  string
	base   string
	origin origin
}

var _ Sender = (*APNs)(nil)

// NewAPNs makes a sender. Errors are of kind callbackd.ErrInvalid and hold
// nothing of the key.
func NewAPNs(cfg APNsConfig) (*APNs, error) {
	key, err := parseP8(cfg.Key)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"key id": cfg.KeyID, "team": cfg.Team, "topic": cfg.Topic} {
		if !isWord(value, ".-_") {
			return nil, fmt.Errorf("the APNs %s is missing or no word: %w", name, callbackd.ErrInvalid)
		}
	}
	if cfg.URL == "" {
		cfg.URL = DefaultAPNsURL
	}
	base, err := parseBase("APNs", cfg.URL)
	if err != nil {
		return nil, err
	}
	return &APNs{
		key: key, keyID: cfg.KeyID, team: cfg.Team, topic: cfg.Topic, base: base,
		origin: origin{client: newOperatorClient(cfg.Roots, orTimeout(cfg.Timeout), true), now: orNow(cfg.Now)},
	}, nil
}

func parseP8(file []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, fmt.Errorf("the APNs key is no PEM file: %w", callbackd.ErrInvalid)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the APNs key is not PKCS #8: %w", callbackd.ErrInvalid)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("the APNs key is not one of P-256: %w", callbackd.ErrInvalid)
	}
	return key, nil
}

// parseBase checks a vendor's base URL, which the operator chose.
func parseBase(vendor, text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || defaultPorts[u.Scheme] == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("the %s URL is not a plain http or https URL: %w", vendor, callbackd.ErrInvalid)
	}
	return strings.TrimRight(text, "/"), nil
}

// isWord reports ASCII letters, digits and what else is allowed, not empty.
func isWord(s, also string) bool {
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune(also, c) {
			return false
		}
	}
	return s != ""
}

// ParseAPNsToken checks a device token: bytes in hexadecimal, whose number
// Apple leaves open.
func ParseAPNsToken(text string) (Token, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if len(text) < 16 || len(text) > 400 || len(text)%2 != 0 || strings.Trim(text, "0123456789abcdef") != "" {
		return Token{}, fmt.Errorf("the device token is not hexadecimal: %w", callbackd.ErrInvalid)
	}
	return Token{text}, nil
}

// Fits implements Sender.
func (a *APNs) Fits(m Message) bool {
	payload, _, err := apnsPayload(m)
	return err == nil && len(payload) <= MaxAPNsPayload
}

// Close implements Sender.
func (a *APNs) Close() { a.origin.client.CloseIdleConnections() }

// Send implements Sender. A provider token that Apple calls expired is renewed
// once.
func (a *APNs) Send(ctx context.Context, t Target, m Message) Result {
	if _, err := ParseAPNsToken(t.Token.value); err != nil {
		return Result{Outcome: Refused, Reason: ReasonTarget}
	}
	payload, background, err := apnsPayload(m)
	if err != nil {
		return Result{Outcome: Refused, Reason: ReasonPayload}
	}
	if len(payload) > MaxAPNsPayload {
		return Result{Outcome: TooLarge, Reason: ReasonSize}
	}
	r, token := a.try(ctx, t.Token, m, payload, background)
	if r.Status == http.StatusForbidden && r.Reason == "ExpiredProviderToken" &&
		a.origin.token.drop(a.origin.now(), token, providerMinRenew) {
		r, _ = a.try(ctx, t.Token, m, payload, background)
	}
	return r
}

// try sends once and returns the provider token that it used.
func (a *APNs) try(ctx context.Context, to Token, m Message, payload []byte, background bool) (Result, string) {
	token, err := a.origin.token.get(a.origin.now(), providerLife, a.sign)
	if err != nil {
		return Result{Outcome: OurFault, Reason: ReasonSigning}, ""
	}
	kind, priority := "alert", "10"
	if background {
		kind = "background"
	}
	if background || m.Silent || m.Urgency == UrgencyLow {
		priority = "5"
	}
	return a.origin.deliver(ctx, call{
		key: keyOf(to.value), url: a.base + "/3/device/" + to.value, body: payload, read: readAPNs,
		header: http.Header{
			"Authorization":    {"bearer " + token},
			"Content-Type":     {"application/json"},
			"Apns-Topic":       {a.topic},
			"Apns-Push-Type":   {kind},
			"Apns-Priority":    {priority},
			"Apns-Expiration":  {a.expiration(m.TTL)},
			"Apns-Collapse-Id": {collapseID(m)},
		},
	}), token
}

func (a *APNs) sign(now time.Time) (string, error) {
	return signES256(a.key, struct {
		Alg string `json:"alg"`
		Kid string `json:"kid"`
	}{"ES256", a.keyID}, struct {
		Iss string `json:"iss"`
		Iat int64  `json:"iat"`
	}{a.team, now.Unix()})
}

// expiration is a date in Unix seconds; 0 tells Apple to try once and not to
// store.
func (a *APNs) expiration(ttl time.Duration) string {
	if ttl <= 0 {
		return "0"
	}
	return strconv.FormatInt(a.origin.now().Add(min(ttl, maxTTL)).Unix(), 10)
}

// collapseID is at most 64 bytes of a header's safe characters; what is not so
// by itself is digested.
func collapseID(m Message) string {
	id := m.Collapse
	if id == "" {
		id = m.NID
	}
	if len(id) <= maxCollapseID && isWord(id, "-_.:") {
		return id
	}
	digest := sha256.Sum256([]byte(id))
	return b64.EncodeToString(digest[:])
}
