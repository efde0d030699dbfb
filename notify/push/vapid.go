package push

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"callbackd"
)

const (
	// vapidLife is how far ahead a token's exp lies. RFC 8292 allows 24 h, and
	// services have refused that from servers whose clock was a little off.
	vapidLife    = time.Hour
	vapidRefresh = vapidLife / 2
)

// VAPID is this installation's key pair as an application server (RFC 8292).
// Subscriptions are made for its public key, so it is made once and kept.
type VAPID struct {
	key    *ecdsa.PrivateKey
	public string
}

// GenerateVAPID makes a new key pair.
func GenerateVAPID() (*VAPID, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the web push key: %w", err)
	}
	return newVAPID(key)
}

// ParseVAPID opens what Marshal wrote.
func ParseVAPID(private []byte) (*VAPID, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), private)
	if err != nil {
		return nil, fmt.Errorf("the web push key is not one of P-256: %w", callbackd.ErrInvalid)
	}
	return newVAPID(key)
}

func newVAPID(key *ecdsa.PrivateKey) (*VAPID, error) {
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the web push key: %w", err)
	}
	return &VAPID{key: key, public: b64.EncodeToString(point)}, nil
}

// Marshal returns the private key, 32 bytes, for the caller to seal.
func (v *VAPID) Marshal() ([]byte, error) {
	private, err := v.key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("write the web push key: %w", err)
	}
	return private, nil
}

// PublicKey is what a browser subscribes with (applicationServerKey): the
// uncompressed point in base64url.
func (v *VAPID) PublicKey() string { return v.public }

// String implements fmt.Stringer and hides the key.
func (*VAPID) String() string { return "[web push key]" }

// GoString implements fmt.GoStringer and hides the key.
func (v *VAPID) GoString() string { return v.String() }

// LogValue implements slog.LogValuer and hides the key.
func (v *VAPID) LogValue() slog.Value { return slog.StringValue(v.String()) }

// sign makes the token for one push service.
func (v *VAPID) sign(audience, subject string, now time.Time) (string, error) {
	return signES256(v.key, struct {
		Typ string `json:"typ"`
		Alg string `json:"alg"`
	}{"JWT", "ES256"}, struct {
		Aud string `json:"aud"`
		Exp int64  `json:"exp"`
		Sub string `json:"sub,omitempty"`
	}{audience, now.Add(vapidLife).Unix(), subject})
}

// ParseSubject reads the setting --webpush-subject, by which a push service
// finds the operator: a mail address, with or without mailto:, or an https
// URL. The result carries its scheme exactly once.
func ParseSubject(text string) (string, error) {
	text = strings.TrimSpace(text)
	rest, isMail := text, false
	for len(rest) >= len("mailto:") && strings.EqualFold(rest[:len("mailto:")], "mailto:") {
		rest, isMail = strings.TrimSpace(rest[len("mailto:"):]), true
	}
	if u, err := url.Parse(text); !isMail && err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil {
		return u.String(), nil
	}
	if a, err := mail.ParseAddress(rest); err == nil && a.Address == rest {
		return "mailto:" + rest, nil
	}
	return "", fmt.Errorf("the web push subject is neither a mail address nor an https URL: %w", callbackd.ErrInvalid)
}
