package push

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callbackd"
)

const (
	// DefaultFCMURL is Google's service.
	DefaultFCMURL = "https://fcm.googleapis.com"
	// MaxFCMData is FCM's limit of a message's data, in bytes: keys and values.
	MaxFCMData = 4096

	// fcmKey is the key under which the frame stands in the data.
	fcmKey = "notice"

	maxFCMToken = 4096
)

// FCMConfig is what an FCM needs. URL, Timeout, Roots and Now may be zero.
type FCMConfig struct {
	Credentials []byte // the service account's JSON file
	URL         string
	Timeout     time.Duration
	Roots       *x509.CertPool // nil: the system's
	Now         func() time.Time
}

// FCM sends to Android devices by the HTTP v1 API, as data messages: the app
// draws the notification and acknowledges.
type FCM struct {
	url    string
	grant  *grant
	origin origin
}

var _ Sender = (*FCM)(nil)

// NewFCM makes a sender. Errors are of kind callbackd.ErrInvalid and hold
// nothing of the credentials.
func NewFCM(cfg FCMConfig) (*FCM, error) {
	if cfg.URL == "" {
		cfg.URL = DefaultFCMURL
	}
	base, err := parseBase("FCM", cfg.URL)
	if err != nil {
		return nil, err
	}
	newClient := func() *http.Client { return newOperatorClient(cfg.Roots, orTimeout(cfg.Timeout), false) }
	now := orNow(cfg.Now)
	g, project, err := newGrant(cfg.Credentials, newClient(), now)
	if err != nil {
		return nil, err
	}
	return &FCM{
		url:   base + "/v1/projects/" + url.PathEscape(project) + "/messages:send",
		grant: g, origin: origin{client: newClient(), now: now},
	}, nil
}

// ParseFCMToken checks the form of a registration token.
func ParseFCMToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxFCMToken || !isWord(text, "-_:.") {
		return Token{}, fmt.Errorf("the registration token is none of FCM's: %w", callbackd.ErrInvalid)
	}
	return Token{text}, nil
}

// Fits implements Sender.
func (*FCM) Fits(m Message) bool { return len(fcmKey)+len(m.Payload) <= MaxFCMData }

// Close implements Sender. A request for an access token that is still out ends.
func (f *FCM) Close() {
	f.grant.end()
	f.grant.origin.client.CloseIdleConnections()
	f.origin.client.CloseIdleConnections()
}

// Send implements Sender. An access token that FCM no longer takes is renewed
// once.
func (f *FCM) Send(ctx context.Context, t Target, m Message) Result {
	if _, err := ParseFCMToken(t.Token.value); err != nil {
		return Result{Outcome: Refused, Reason: ReasonTarget}
	}
	if !f.Fits(m) {
		return Result{Outcome: TooLarge, Reason: ReasonSize}
	}
	body, err := fcmBody(t.Token, m)
	if err != nil {
		return Result{Outcome: Refused, Reason: ReasonPayload}
	}
	r, token := f.try(ctx, t.Token, body)
	if r.Status == http.StatusUnauthorized && r.Reason != "THIRD_PARTY_AUTH_ERROR" && f.grant.drop(token) {
		r, _ = f.try(ctx, t.Token, body)
	}
	return r
}

// try sends once and returns the access token that it used.
func (f *FCM) try(ctx context.Context, to Token, body []byte) (Result, string) {
	access, problem := f.grant.get(ctx)
	if problem != nil {
		return *problem, ""
	}
	return f.origin.deliver(ctx, call{
		key: keyOf(to.value), url: f.url, body: body, read: readFCM,
		header: http.Header{
			"Authorization": {"Bearer " + access},
			"Content-Type":  {"application/json; charset=utf-8"},
		},
	}), access
}

type fcmAndroid struct {
	Priority string `json:"priority"`
	TTL      string `json:"ttl"`
	Collapse string `json:"collapse_key,omitempty"`
}

func fcmBody(to Token, m Message) ([]byte, error) {
	if !json.Valid(m.Payload) {
		return nil, errNoFrame
	}
	android := fcmAndroid{Priority: "HIGH", TTL: seconds(m.TTL) + "s", Collapse: m.Collapse}
	if m.Silent || m.Urgency == UrgencyLow {
		android.Priority = "NORMAL"
	}
	type message struct {
		Token   string            `json:"token"`
		Data    map[string]string `json:"data"`
		Android fcmAndroid        `json:"android"`
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Message message `json:"message"`
	}{message{to.value, map[string]string{fcmKey: string(m.Payload)}, android}})
	return out.Bytes(), err
}

// fcmError is google.rpc.Status as FCM fills it.
type fcmError struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []struct {
			Type      string `json:"@type"`
			ErrorCode string `json:"errorCode"`
			Reason    string `json:"reason"`
		} `json:"details"`
	} `json:"error"`
}

// code is FCM's own word where there is one, else the general status.
func (e fcmError) code() string {
	for _, d := range e.Error.Details {
		if strings.HasSuffix(d.Type, "google.firebase.fcm.v1.FcmError") && d.ErrorCode != "" {
			return reasonWord(d.ErrorCode)
		}
	}
	return reasonWord(e.Error.Status)
}

// ofProject reports that the quota which is used up is the project's, not that
// of one device.
func (e fcmError) ofProject() bool {
	for _, d := range e.Error.Details {
		if d.Reason == "RATE_LIMIT_EXCEEDED" {
			return true
		}
	}
	return false
}

// readFCM reads FCM's answer. Only UNREGISTERED says that a token is gone: a
// plain 404 may as well be a wrong URL or project.
func readFCM(a answer) Result {
	if a.status == http.StatusOK {
		var said struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(a.body, &said) != nil || said.Name == "" {
			return Result{Outcome: Retry, Reason: ReasonUnreadable}
		}
		return Result{Outcome: Accepted, VendorID: vendorID(said.Name)}
	}
	var said fcmError
	if json.Unmarshal(a.body, &said) != nil {
		said = fcmError{}
	}
	code := said.code()
	r := Result{Outcome: Refused, Reason: code}
	switch {
	case a.status == http.StatusTooManyRequests:
		r.Outcome = Retry
		if said.ofProject() {
			r.Scope = ScopeOrigin
		}
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		r.Outcome = OurFault // SENDER_ID_MISMATCH, THIRD_PARTY_AUTH_ERROR, UNAUTHENTICATED, PERMISSION_DENIED
	case code == "UNREGISTERED" && a.status == http.StatusNotFound:
		r.Outcome = Gone
	case code == "INVALID_ARGUMENT" && strings.Contains(said.Error.Message, "too big"):
		r.Outcome = TooLarge
	case a.status == http.StatusNotFound:
		r.Outcome = OurFault
	}
	if code == "" {
		r.Reason = ReasonUnreadable
	}
	return r
}
