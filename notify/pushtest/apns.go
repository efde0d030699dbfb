package pushtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const apnsPath = "/3/device/"

// What the fake's Apple knows of the operator.
const (
	APNsKeyID = "FAKEKEY123"
	APNsTeam  = "FAKETEAM12"
	APNsTopic = "com.example.callbackd"
)

// NewIPhone makes a phone that APNs knows.
func (s *Server) NewIPhone(name string) *Device {
	return s.add(&Device{Name: name, Vendor: APNs, Token: randomHex(32)})
}

// APNsKey returns the .p8 file that belongs to APNsKeyID, made at the first call.
func (s *Server) APNsKey() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(s.providerKey())
	if err != nil {
		panic(err) // a key that was just made
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (s *Server) providerKey() *ecdsa.PrivateKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.apnsKey == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err) // the source of randomness never fails
		}
		s.apnsKey = key
	}
	return s.apnsKey
}

func apnsError(status int, reason string) Answer {
	return Answer{Status: status, Body: fmt.Sprintf(`{"reason":%q}`, reason), Header: http.Header{"Apns-Id": {randomHex(16)}}}
}

// apns behaves as Apple's service.
func (s *Server) apns(r *http.Request, d *Device, body []byte) Answer {
	if r.ProtoMajor != 2 {
		return Answer{Status: http.StatusHTTPVersionNotSupported}
	}
	if r.Method != http.MethodPost {
		return apnsError(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
	if reason := s.checkProvider(r); reason != "" {
		return apnsError(http.StatusForbidden, reason)
	}
	h := r.Header
	kind, priority := h.Get("apns-push-type"), h.Get("apns-priority")
	expiration := h.Get("apns-expiration")
	_, badExpiration := strconv.ParseInt(expiration, 10, 64)
	var payload struct {
		APS map[string]any `json:"aps"`
	}
	switch {
	case h.Get("apns-topic") != APNsTopic:
		return apnsError(http.StatusBadRequest, "DeviceTokenNotForTopic")
	case kind != "alert" && kind != "background":
		return apnsError(http.StatusBadRequest, "InvalidPushType")
	case priority != "" && priority != "5" && priority != "10", kind == "background" && priority != "5":
		return apnsError(http.StatusBadRequest, "BadPriority")
	case expiration != "" && badExpiration != nil:
		return apnsError(http.StatusBadRequest, "BadExpirationDate")
	case len(h.Get("apns-collapse-id")) > 64:
		return apnsError(http.StatusBadRequest, "BadCollapseId")
	case len(body) > 4096:
		return apnsError(http.StatusRequestEntityTooLarge, "PayloadTooLarge")
	case json.Unmarshal(body, &payload) != nil || len(payload.APS) == 0:
		return apnsError(http.StatusBadRequest, "PayloadEmpty")
	case kind == "background" && payload.APS["alert"] != nil:
		return apnsError(http.StatusBadRequest, "InvalidPushType")
	case d == nil:
		return apnsError(http.StatusBadRequest, "BadDeviceToken")
	}
	if at := d.goneSince(); !at.IsZero() {
		a := apnsError(http.StatusGone, "Unregistered")
		a.Body = fmt.Sprintf(`{"reason":"Unregistered","timestamp":%d}`, at.UnixMilli())
		return a
	}
	return Answer{Status: http.StatusOK, Header: http.Header{"Apns-Id": {randomHex(16)}}}
}

// checkProvider returns Apple's word for what is wrong with the token, if anything.
func (s *Server) checkProvider(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "bearer ")
	if !ok {
		return "MissingProviderToken"
	}
	var header struct{ Alg, Kid string }
	var claims struct {
		Iss string
		Iat int64
	}
	signed, signature, err := openJWT(token, &header, &claims)
	if err != nil || header.Alg != "ES256" || header.Kid != APNsKeyID || claims.Iss != APNsTeam {
		return "InvalidProviderToken"
	}
	point, err := s.providerKey().PublicKey.Bytes()
	if err != nil || !verifyES256(point, signed, signature) {
		return "InvalidProviderToken"
	}
	if age := s.opts.Now().Sub(time.Unix(claims.Iat, 0)); age < -time.Minute || age > time.Hour {
		return "ExpiredProviderToken"
	}
	return ""
}
