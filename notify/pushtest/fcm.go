package pushtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// FCMProject is the project of the fake's service account.
const FCMProject = "callbackd-fake"

const (
	fcmPath      = "/v1/projects/" + FCMProject + "/messages:send"
	fcmTokenPath = "/token"
	fcmEmail     = "sender@callbackd-fake.example"
	fcmScope     = "https://www.googleapis.com/auth/firebase.messaging"
)

// NewAndroid makes a phone that FCM knows.
func (s *Server) NewAndroid(name string) *Device {
	return s.add(&Device{Name: name, Vendor: FCM, Token: "synthetic:APA91b_" + randomHex(40)})
}

// FCMCredentials returns the service account's JSON file, whose token_uri is
// this server. Its key is made at the first call.
func (s *Server) FCMCredentials() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(s.accountKey())
	if err != nil {
		panic(err) // a key that was just made
	}
	out, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": FCMProject, "private_key_id": "fake",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": fcmEmail, "token_uri": s.URL + fcmTokenPath,
	})
	if err != nil {
		panic(err) // strings alone
	}
	return out
}

func (s *Server) accountKey() *rsa.PrivateKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fcmKey == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // the source of randomness never fails
		}
		s.fcmKey = key
	}
	return s.fcmKey
}

// RevokeAccess makes FCM refuse every access token that was given so far.
func (s *Server) RevokeAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// grant behaves as the token endpoint (RFC 7523).
func (s *Server) grant(r *http.Request, body []byte) Answer {
	refuse := func(word string) Answer {
		return Answer{Status: http.StatusBadRequest, Body: fmt.Sprintf(`{"error":%q}`, word)}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return refuse("invalid_request")
	}
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return refuse("unsupported_grant_type")
	}
	var header struct{ Alg string }
	var claims struct {
		Iss, Aud, Scope string
		Iat, Exp        int64
	}
	signed, signature, err := openJWT(form.Get("assertion"), &header, &claims)
	if err != nil || header.Alg != "RS256" || !verifyRS256(&s.accountKey().PublicKey, signed, signature) {
		return refuse("invalid_grant")
	}
	now, from, to := s.opts.Now(), time.Unix(claims.Iat, 0), time.Unix(claims.Exp, 0)
	if claims.Iss != fcmEmail || claims.Aud != s.URL+fcmTokenPath || to.Before(now) || from.After(now.Add(time.Minute)) ||
		to.Sub(from) > time.Hour {
		return refuse("invalid_grant")
	}
	if claims.Scope != fcmScope {
		return refuse("invalid_scope")
	}
	access := "ya29.synthetic-" + randomHex(16)
	s.mu.Lock()
	s.access[access] = now.Add(s.opts.AccessLife)
	s.mu.Unlock()
	return Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Sprintf(`{"access_token":%q,"expires_in":%d,"token_type":"Bearer"}`, access, int(s.opts.AccessLife.Seconds())),
	}
}

type fcmRequest struct {
	Message struct {
		Token   string            `json:"token"`
		Data    map[string]string `json:"data"`
		Android struct {
			Priority    string `json:"priority"`
			TTL         string `json:"ttl"`
			CollapseKey string `json:"collapse_key"`
		} `json:"android"`
	} `json:"message"`
}

func fcmTokenOf(body []byte) string {
	var in fcmRequest
	if json.Unmarshal(body, &in) != nil {
		return ""
	}
	return in.Message.Token
}

// FCMError is an error answer in FCM's form. code is FCM's own word, "" for none.
func FCMError(status int, general, code, message string) Answer {
	details := []any{}
	if code != "" {
		details = append(details, map[string]string{
			"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code,
		})
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": status, "message": message, "status": general, "details": details,
	}})
	if err != nil {
		panic(err) // strings alone
	}
	return Answer{Status: status, Body: string(body), Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}}
}

var ttlForm = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,9})?s$`)

// fcm behaves as FCM's HTTP v1.
func (s *Server) fcm(r *http.Request, d *Device, body []byte) Answer {
	access := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	ends, known := s.access[access]
	s.mu.Unlock()
	if !known || !s.opts.Now().Before(ends) {
		return FCMError(http.StatusUnauthorized, "UNAUTHENTICATED", "", "Request had invalid authentication credentials.")
	}
	var in fcmRequest
	if err := json.Unmarshal(body, &in); err != nil || r.Method != http.MethodPost || in.Message.Token == "" {
		return FCMError(http.StatusBadRequest, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Invalid JSON payload received.")
	}
	size := 0
	for key, value := range in.Message.Data {
		size += len(key) + len(value)
	}
	android := in.Message.Android
	switch {
	case size > 4096:
		return FCMError(http.StatusBadRequest, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message is too big")
	case android.TTL != "" && !ttlForm.MatchString(android.TTL),
		android.Priority != "" && android.Priority != "HIGH" && android.Priority != "NORMAL":
		return FCMError(http.StatusBadRequest, "INVALID_ARGUMENT", "", "Invalid value at 'message.android'")
	case d == nil && !strings.Contains(in.Message.Token, ":APA91b"):
		return FCMError(http.StatusBadRequest, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token")
	case d == nil, !d.goneSince().IsZero():
		return FCMError(http.StatusNotFound, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found.")
	}
	return Answer{
		Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body: fmt.Sprintf(`{"name":"projects/%s/messages/0:%s"}`, FCMProject, randomHex(8)),
	}
}
