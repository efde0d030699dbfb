package push

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"callbackd"
)

// origin is one vendor's scheme, host and port: its client, the breaker and
// the limits that everything sent there shares, and the token signed for it.
type origin struct {
	client  *http.Client
	now     func() time.Time
	breaker breaker
	limits  limits
	token   signed
}

// answer is what came back, its body cut at answerCap.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// isPage reports a page for people: a proxy or a portal spoke, no vendor.
func (a answer) isPage() bool {
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// call is one POST and how its answer is read.
type call struct {
	key    endpointKey
	url    string
	header http.Header
	body   []byte
	read   func(answer) Result
}

// deliver makes a call unless the breaker or a limit forbids it, and lets both
// learn from what happened.
func (o *origin) deliver(ctx context.Context, c call) Result {
	now := o.now()
	if wait, scope := o.limits.wait(now, c.key); wait > 0 {
		return Result{Outcome: Retry, RetryAfter: wait, Scope: scope, Reason: ReasonLimited}
	}
	probe, wait := o.breaker.admit(now)
	if wait > 0 {
		return Result{Outcome: Retry, RetryAfter: wait, Scope: ScopeOrigin, Reason: ReasonCircuit}
	}
	v := unclear
	defer func() { o.breaker.settle(o.now(), probe, v) }() // a probe that panics is given back too
	a, why := o.post(ctx, c)
	if why != "" {
		r := Result{Outcome: Retry, Reason: why, Status: a.status}
		if why == ReasonGuard {
			r.Outcome = Refused
		} else if why != ReasonCancelled {
			v = failed
		}
		return r
	}
	r := common(a)
	if r.Outcome == "" {
		r = c.read(a)
	}
	r.Status = a.status
	v = o.learn(c.key, a, &r)
	return r
}

// common reads what means the same at every vendor; no outcome: it is for the
// vendor's own reader.
func common(a answer) Result {
	switch {
	case a.status >= 500, a.status == http.StatusRequestTimeout:
		return Result{Outcome: Retry}
	case a.status == http.StatusOK && a.isPage():
		return Result{Outcome: Retry, Reason: ReasonUnreadable}
	case a.status >= 300 && a.status < 400:
		return Result{Outcome: Refused, Reason: ReasonRedirect}
	case a.status == http.StatusRequestEntityTooLarge:
		return Result{Outcome: TooLarge, Reason: ReasonSize}
	}
	return Result{}
}

// learn notes waits that the answer asks for and judges the origin's health.
func (o *origin) learn(key endpointKey, a answer, r *Result) verdict {
	if r.Outcome == Accepted {
		o.limits.accepted()
	}
	if r.Outcome != Retry {
		return healthy
	}
	wait, told := retryAfter(a.header, o.now())
	if a.status == http.StatusTooManyRequests {
		if !told {
			wait = defaultRetryAfter
		}
		if r.Scope == "" {
			r.Scope = ScopeEndpoint
		}
		r.RetryAfter = wait
		r.Scope = o.limits.limit(o.now(), key, wait, r.Scope)
		return unclear
	}
	r.Scope = ""
	if told {
		r.RetryAfter, r.Scope = wait, ScopeOrigin
		o.limits.limit(o.now(), key, wait, ScopeOrigin)
	}
	return failed
}

// post sends one request and reads its answer up to answerCap. A word says why
// there is none; the error's own text is dropped, as it may hold the URL or
// what a stranger's server wrote.
func (o *origin) post(ctx context.Context, c call) (answer, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(c.body))
	if err != nil {
		return answer{}, ReasonGuard
	}
	req.Header = c.header
	res, err := o.client.Do(req)
	if err != nil {
		return answer{}, reasonOf(ctx, err)
	}
	defer res.Body.Close()
	// a body that breaks off is judged by what came: the status stands
	body, _ := io.ReadAll(io.LimitReader(res.Body, answerCap))
	return answer{status: res.StatusCode, header: res.Header, body: body}, ""
}

func reasonOf(ctx context.Context, err error) string {
	var timeout net.Error
	var name *net.DNSError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ReasonCancelled
	case errors.Is(err, callbackd.ErrForbidden):
		return ReasonGuard
	case isTLS(err):
		return ReasonTLS
	case errors.As(err, &name):
		return ReasonName
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ReasonTimeout
	}
	return ReasonConnection
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &record) || errors.As(err, &verify) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// keepRedirect hands the redirect itself to the caller instead of following it.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// newOperatorClient reaches a base URL of the operator's own choice: no proxy,
// no redirect, no cookie. onlyHTTP2 makes plain http speak h2c.
func newOperatorClient(roots *x509.CertPool, timeout time.Duration, onlyHTTP2 bool) *http.Client {
	t := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    timeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        10 * time.Minute,
		// a connection that died without a word is found by a ping
		HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: timeout},
	}
	if onlyHTTP2 {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	return &http.Client{Transport: t, Timeout: timeout, CheckRedirect: keepRedirect}
}

// originOf is scheme, host and port of u as RFC 6454 writes them: small
// letters, the scheme's own port left out.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == defaultPorts[u.Scheme] {
		port = ""
	}
	host := hostname(u)
	if port != "" {
		return u.Scheme + "://" + net.JoinHostPort(host, port)
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}
