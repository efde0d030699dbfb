// Package safedial is the guard of outbound calls: an HTTP client for URLs that
// somebody outside had a say in (pictures, videos, vendor endpoints).
//
// It reaches public addresses on ports 80 and 443 alone, unless the operator
// allowed more. The address is checked when the socket is made, after the name
// was resolved, so a name whose answer changes gains nothing. It knows nothing
// of what is fetched; the caller looks at status and bytes, and caps bodies
// with ReadAll or Copy.
package safedial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"callbackd"
)

// Options says what a client may reach beyond public addresses, and its limits.
type Options struct {
	// Allow holds address ranges that are reached on any port although they
	// may be private (setting --outbound-allow).
	Allow []netip.Prefix
	// AlwaysAllow holds base URLs of the operator's own choice (the platform
	// URLs). Their host and port, exactly as written, are reached whatever
	// address they have.
	AlwaysAllow []string
	// Timeout is the limit of a whole request, redirects and body included.
	// Zero: 30 s.
	Timeout time.Duration
	// MaxRedirects is how many redirects are followed. Zero: 3; negative: none.
	MaxRedirects int
	// Resolver finds addresses. Nil: the system's.
	Resolver *net.Resolver
}

const (
	defaultTimeout      = 30 * time.Second
	defaultMaxRedirects = 3
	connectTimeout      = 10 * time.Second
)

// New makes a guarded client. What the guard refuses is an error of kind
// callbackd.ErrForbidden. The client has no cookie jar, asks no proxy, and
// carries no credentials over a redirect.
//
// Errors of an http.Client hold the URL that was asked for: see Reason.
func New(o Options) (*http.Client, error) {
	g := &guard{resolver: o.Resolver, always: map[string]bool{}}
	for _, p := range o.Allow {
		if !p.IsValid() {
			return nil, fmt.Errorf("outbound allow: not an address range: %w", callbackd.ErrInvalid)
		}
		g.allow = append(g.allow, unmapPrefix(p))
	}
	for _, base := range o.AlwaysAllow {
		u, err := url.Parse(base)
		if err != nil || u.Hostname() == "" || defaultPorts[u.Scheme] == "" {
			return nil, fmt.Errorf("outbound: %q is not an http or https URL: %w", base, callbackd.ErrInvalid)
		}
		g.always[strings.ToLower(hostPort(u))] = true
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	redirects := o.MaxRedirects
	if redirects == 0 {
		redirects = defaultMaxRedirects
	}
	g.transport = &http.Transport{
		Proxy:                  nil, // behind a proxy the address check would see the proxy alone
		DialContext:            g.dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
	}
	return &http.Client{Transport: g, Timeout: timeout, CheckRedirect: redirectRule(redirects)}, nil
}

var defaultPorts = map[string]string{"http": "80", "https": "443"}

// hostPort is the address that a transport dials for u.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// guard checks each request by its URL and each connection by its address.
type guard struct {
	transport *http.Transport
	resolver  *net.Resolver
	allow     []netip.Prefix
	always    map[string]bool // host:port in lower case
}

// RoundTrip implements http.RoundTripper. Every hop of a redirect passes here.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := checkURL(req.URL); err != nil {
		if req.Body != nil {
			err = errors.Join(err, req.Body.Close())
		}
		return nil, err
	}
	return g.transport.RoundTrip(req)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the sockets.
func (g *guard) CloseIdleConnections() { g.transport.CloseIdleConnections() }

func checkURL(u *url.URL) error {
	switch {
	case defaultPorts[u.Scheme] == "":
		return refuse("only http and https")
	case u.User != nil:
		return refuse("the URL carries a user")
	case u.Hostname() == "":
		return refuse("the URL names no host")
	}
	return nil
}

func redirectRule(limit int) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if len(via) > limit {
			return refuse("too many redirects")
		}
		if first := via[0].Method; first != http.MethodGet && first != http.MethodHead {
			return refuse("a redirected " + first)
		}
		for _, name := range []string{"Authorization", "Cookie", "Cookie2", "Proxy-Authorization", "Www-Authenticate", "Referer"} {
			req.Header.Del(name)
		}
		return checkURL(req.URL)
	}
}

func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second, Resolver: g.resolver}
	if !g.always[strings.ToLower(addr)] {
		d.Control = g.control
	}
	return d.DialContext(ctx, network, addr)
}

// control runs between the making of a socket and its connect, once for each
// address that a name has.
func (g *guard) control(network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return refuse("a connection of kind " + network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse("an address that cannot be read")
	}
	ip := ap.Addr().Unmap()
	for _, p := range g.allow {
		if p.Contains(ip) { // never an address with a zone
			return nil
		}
	}
	if why := privateBecause(ip); why != "" {
		return refuse(why)
	}
	if ap.Port() != 80 && ap.Port() != 443 {
		return refuse("a port other than 80 and 443")
	}
	return nil
}

// refuse names the rule alone: no address and no URL, which must not be logged.
func refuse(why string) error {
	return fmt.Errorf("outbound call refused: %s: %w", why, callbackd.ErrForbidden)
}

// Reason returns err without the URL and the address that net/http and net put
// around it: URLs from outside may carry tokens and do not belong in logs.
func Reason(err error) error {
	for {
		var u *url.Error
		var o *net.OpError
		var d *net.DNSError
		switch {
		case errors.As(err, &u):
			err = u.Err
		case errors.As(err, &o):
			err = o.Err
		case errors.As(err, &d):
			return fmt.Errorf("resolve the name: %s", d.Err)
		default:
			return err
		}
	}
}
