package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// DefaultACMEURL is the directory of Let's Encrypt.
const DefaultACMEURL = autocert.DefaultACMEDirectory

// AutoConfig is what a certificate authority is asked for.
type AutoConfig struct {
	Host   string // the one name that certificates are for
	Folder string // keeps the account's key and certificates, each file with mode 0600
	URL    string // of the authority's ACME directory
	Email  string // whom the authority may write to; empty: nobody
	Log    *slog.Logger
	// Retry is the pause after a first failure; it doubles up to an hour. 0 is a
	// minute, in which the authority is not asked again by handshakes either.
	Retry time.Duration
}

// Auto is a certificate that an authority gives by ACME (RFC 8555) and that is
// renewed by itself. The operator agrees to the authority's terms by asking for it.
type Auto struct {
	host    string // in ASCII
	retry   time.Duration
	log     *slog.Logger
	manager *autocert.Manager
}

// NewAuto checks that an authority could know the host. Nothing is asked yet.
func NewAuto(cfg AutoConfig) (*Auto, error) {
	host, err := idna.Lookup.ToASCII(strings.TrimSuffix(cfg.Host, "."))
	if _, notName := netip.ParseAddr(strings.Trim(cfg.Host, "[]")); err != nil || notName == nil || !strings.Contains(host, ".") {
		return nil, fmt.Errorf("%q is no host name that a certificate authority knows", cfg.Host)
	}
	if cfg.Retry == 0 {
		cfg.Retry = time.Minute
	}
	return &Auto{host: host, retry: cfg.Retry, log: cfg.Log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(cfg.Folder), HostPolicy: autocert.HostWhitelist(host), Email: cfg.Email,
		Client: &acme.Client{DirectoryURL: cfg.URL, HTTPClient: &http.Client{Timeout: 30 * time.Second}, UserAgent: "callbackd"}}}, nil
}

// Config is a server's. It answers the authority's check on the TLS port, where
// that is 443.
func (a *Auto) Config() *tls.Config {
	return config(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" {
			hello.ServerName = a.host // a caller that names nobody means the only one here
		}
		return a.manager.GetCertificate(hello)
	}, acme.ALPNProto)
}

// HTTPHandler answers the authority's check on the plain port, and hands on the rest.
func (a *Auto) HTTPHandler(rest http.Handler) http.Handler {
	check := a.manager.HTTPHandler(rest)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/acme-challenge/") {
			rest.ServeHTTP(w, r)
			return
		}
		if host, _, err := net.SplitHostPort(r.Host); err == nil {
			r.Host = host // names are compared, whichever port was asked
		}
		check.ServeHTTP(w, r)
	})
}

// Run fetches the first certificate ahead of the first caller, who might not wait
// for it, and tries again until there is one. It ends with ctx. Renewals come by
// themselves from then on.
func (a *Auto) Run(ctx context.Context) error {
	for pause := a.retry; ; pause = min(2*pause, time.Hour) {
		// The authority's answer cannot be called off: it is left to end with the process.
		got := make(chan error, 1)
		go func() { got <- a.fetch() }()
		var err error
		select {
		case <-ctx.Done():
			return nil
		case err = <-got:
		}
		if err == nil {
			a.log.Info("there is a certificate", "host", a.host)
			<-ctx.Done()
			return nil
		}
		a.log.Error("no certificate yet: the authority must reach this host on port 80 (--tls-http-listen) or 443 (--listen)",
			"host", a.host, "again", pause, "err", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// fetch asks as today's browsers do, so that theirs is the certificate that is made.
func (a *Auto) fetch() error {
	_, err := a.manager.GetCertificate(&tls.ClientHelloInfo{ServerName: a.host,
		CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
	return err
}
