package push

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

var b64 = base64.RawURLEncoding

// signES256 makes a compact JWS with ECDSA on P-256 (RFC 7518, 3.4).
func signES256(key *ecdsa.PrivateKey, header, claims any) (string, error) {
	text, err := unsigned(header, claims)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + b64.EncodeToString(signature[:]), nil
}

// signRS256 makes a compact JWS with RSASSA-PKCS1-v1_5 (RFC 7518, 3.3).
func signRS256(key *rsa.PrivateKey, header, claims any) (string, error) {
	text, err := unsigned(header, claims)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign an assertion: %w", err)
	}
	return text + "." + b64.EncodeToString(signature), nil
}

func unsigned(header, claims any) (string, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write a token: %w", err)
	}
	return b64.EncodeToString(h) + "." + b64.EncodeToString(c), nil
}

// signed is a token that many requests share until it is renewed.
type signed struct {
	mu     sync.Mutex // guards all below; held while signing, so that one signs for all
	value  string
	made   time.Time // wall clock alone: a suspended machine's other clock stands still
	forced time.Time
}

// get returns the token, made anew when it is older than life or comes from a
// time that lies ahead (the clock was put back).
func (s *signed) get(now time.Time, life time.Duration, sign func(time.Time) (string, error)) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = now.Round(0)
	if age := now.Sub(s.made); s.value != "" && age >= 0 && age < life {
		return s.value, nil
	}
	value, err := sign(now)
	if err != nil {
		return "", err
	}
	s.value, s.made = value, now
	return value, nil
}

// drop throws a token away that was refused, if it is still the one, and not
// more often than once in every. It reports whether another one may be tried.
func (s *signed) drop(now time.Time, used string, every time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value != used {
		return true // somebody renewed it meanwhile
	}
	now = now.Round(0)
	if since := now.Sub(s.forced); !s.forced.IsZero() && since >= 0 && since < every {
		return false
	}
	s.value, s.forced = "", now
	return true
}
