package push

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"callbackd"
	"callbackd/internal/safedial"
)

// maxOrigins bounds the clients, breakers and tokens that are kept. A
// service's hosts are many (one a data centre), and a stranger can make up
// more; who was not used longest goes.
const maxOrigins = 256

// maxTTL is what push services take at most: four weeks.
const maxTTL = 28 * 24 * time.Hour

// WebPushConfig is what a WebPush needs. All but Key may be zero.
type WebPushConfig struct {
	Key      *VAPID
	Subject  string // as ParseSubject takes it; empty: tokens name no operator, which Apple's service refuses
	Hosts    Hosts
	Allow    []netip.Prefix   // private ranges in which the services' addresses may lie all the same
	Timeout  time.Duration    // of one request; 0: 10 s
	Resolver *net.Resolver    // nil: the system's
	Now      func() time.Time // nil: time.Now
}

// WebPush sends to browsers.
type WebPush struct {
	cfg WebPushConfig

	mu      sync.Mutex // guards origins
	origins map[string]*webOrigin
}

var _ Sender = (*WebPush)(nil)

type webOrigin struct {
	origin
	used time.Time // guarded by WebPush.mu
}

// NewWebPush makes a sender. Errors are of kind callbackd.ErrInvalid.
func NewWebPush(cfg WebPushConfig) (*WebPush, error) {
	if cfg.Key == nil {
		return nil, fmt.Errorf("web push without a key: %w", callbackd.ErrInvalid)
	}
	if cfg.Subject != "" {
		subject, err := ParseSubject(cfg.Subject)
		if err != nil {
			return nil, err
		}
		cfg.Subject = subject
	}
	cfg.Timeout, cfg.Now = orTimeout(cfg.Timeout), orNow(cfg.Now)
	return &WebPush{cfg: cfg, origins: map[string]*webOrigin{}}, nil
}

func orTimeout(d time.Duration) time.Duration {
	if d == 0 {
		return defaultTimeout
	}
	return d
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// Fits implements Sender.
func (w *WebPush) Fits(m Message) bool { return len(m.Payload) <= MaxWebPushPayload }

// Close implements Sender.
func (w *WebPush) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.origins {
		o.client.CloseIdleConnections()
	}
}

// Send implements Sender. The endpoint is checked again: the list of hosts may
// have become shorter since it was registered.
func (w *WebPush) Send(ctx context.Context, t Target, m Message) Result {
	s := t.Subscription
	u, err := w.cfg.Hosts.check(s.endpoint)
	if err != nil || s.key == nil {
		return Result{Outcome: Refused, Reason: ReasonTarget}
	}
	if !w.Fits(m) {
		return Result{Outcome: TooLarge, Reason: ReasonSize}
	}
	o, err := w.originFor(u)
	if err != nil {
		return Result{Outcome: Refused, Reason: ReasonTarget}
	}
	token, err := o.token.get(w.cfg.Now(), vapidRefresh, func(now time.Time) (string, error) {
		return w.cfg.Key.sign(originOf(u), w.cfg.Subject, now)
	})
	if err != nil {
		return Result{Outcome: OurFault, Reason: ReasonSigning}
	}
	body, err := encrypt(s, m.Payload)
	if err != nil {
		return Result{Outcome: Refused, Reason: ReasonTarget}
	}
	return o.deliver(ctx, call{
		key: keyOf(s.endpoint), url: s.endpoint, body: body, read: readWebPush,
		header: http.Header{
			"Authorization":    {"vapid t=" + token + ", k=" + w.cfg.Key.PublicKey()},
			"Content-Encoding": {"aes128gcm"},
			"Content-Type":     {"application/octet-stream"},
			"Ttl":              {seconds(m.TTL)},
			"Urgency":          {urgency(m)},
			"Topic":            {Topic(m.NID)},
		},
	})
}

// originFor returns the origin of an endpoint, made when it is new. An origin
// that the operator named may have any address; the others are guarded.
func (w *WebPush) originFor(u *url.URL) (*webOrigin, error) {
	name := originOf(u)
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.cfg.Now()
	if o, ok := w.origins[name]; ok {
		o.used = now
		return o, nil
	}
	opts := safedial.Options{Allow: w.cfg.Allow, Timeout: w.cfg.Timeout, MaxRedirects: -1, Resolver: w.cfg.Resolver}
	if w.cfg.Hosts.isExtra(u) {
		opts.AlwaysAllow = []string{name}
	}
	client, err := safedial.New(opts)
	if err != nil {
		return nil, err
	}
	client.CheckRedirect = keepRedirect
	if len(w.origins) >= maxOrigins {
		w.forgetOldest()
	}
	o := &webOrigin{origin: origin{client: client, now: w.cfg.Now}, used: now}
	w.origins[name] = o
	return o, nil
}

func (w *WebPush) forgetOldest() {
	var oldest string
	for name, o := range w.origins {
		if oldest == "" || o.used.Before(w.origins[oldest].used) {
			oldest = name
		}
	}
	w.origins[oldest].client.CloseIdleConnections()
	delete(w.origins, oldest)
}

// Topic is a notice's Topic header: 32 characters, the limit of RFC 8030, 5.4.
// A later message with the same topic replaces one that still waits.
func Topic(nid string) string {
	digest := sha256.Sum256([]byte(nid))
	return b64.EncodeToString(digest[:])[:32]
}

func seconds(ttl time.Duration) string {
	return strconv.FormatInt(int64(min(max(ttl, 0), maxTTL)/time.Second), 10)
}

func urgency(m Message) string {
	switch {
	case m.Silent, m.Urgency == UrgencyLow:
		return "low"
	case m.Urgency == UrgencyHigh:
		return "high"
	}
	return "normal"
}

// readWebPush reads RFC 8030's answers. 401 and 403 speak of our key and our
// clock, never of the subscription.
func readWebPush(a answer) Result {
	switch a.status {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		r := Result{Outcome: Accepted}
		if address := a.header.Get("Location"); address != "" {
			// who has the address may delete the message: only its digest is kept
			digest := sha256.Sum256([]byte(address))
			r.VendorID = b64.EncodeToString(digest[:12])
		}
		return r
	case http.StatusNotFound, http.StatusGone:
		return Result{Outcome: Gone}
	case http.StatusUnauthorized, http.StatusForbidden:
		return Result{Outcome: OurFault, Reason: webPushReason(a.body)}
	case http.StatusTooManyRequests:
		return Result{Outcome: Retry}
	case http.StatusBadRequest:
		return Result{Outcome: Refused, Reason: webPushReason(a.body)}
	}
	return Result{Outcome: Refused, Reason: ReasonStatus}
}

// webPushReasons are words that Apple's service answers with. Others are
// dropped: a body may repeat what was sent.
var webPushReasons = map[string]bool{
	"BadJwtToken": true, "ExpiredJwtToken": true, "BadAuthorizationHeader": true, "BadTtl": true, "BadUrgency": true,
	"BadWebPushTopic": true, "BadWebPushRequest": true, "VapidPkHashMismatch": true, "InvalidDeviceToken": true,
}

func webPushReason(body []byte) string {
	var said struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(body, &said) == nil && webPushReasons[said.Reason] {
		return said.Reason
	}
	return ""
}
