package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// authority is a certificate authority on this machine, for which every name
// leads here. Nobody else believes it.
type authority struct {
	*testing.T
	front  *http.Server
	opened chan struct{}
	url    string         // of its directory
	roots  *x509.CertPool // of what it issues
}

// newAuthority has its address, and answers once it opens: which ports it checks
// on is known only when those who ask have started.
func newAuthority(t *testing.T) *authority {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{T: t, opened: make(chan struct{}), front: &http.Server{}, url: "https://" + l.Addr().String() + wfe.DirectoryPath}
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	known := (&shell{T: t}).writePair(cert, key, "7", time.Now().Add(time.Hour))
	a.believe(known)
	t.Cleanup(func() { a.front.Close() })
	go func() {
		<-a.opened
		a.front.ServeTLS(l, cert, key)
	}()
	return a
}

// believe makes this process take the authority's own server for what it is.
func (a *authority) believe(roots *x509.CertPool) {
	a.Helper()
	before := http.DefaultTransport
	own := before.(*http.Transport).Clone()
	own.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "wall.example"}
	http.DefaultTransport = own
	a.Cleanup(func() { http.DefaultTransport = before })
}

// open answers from now on, and checks names on these ports of this machine.
func (a *authority) open(plain, encrypted string) {
	a.Helper()
	a.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet, rows := log.New(io.Discard, "", 0), db.NewMemoryStore()
	issuer := ca.New(quiet, rows, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "for tests"}})
	checks := va.New(quiet, port(a.T, plain), port(a.T, encrypted), true, a.names(), rows)
	front := wfe.New(quiet, rows, checks, issuer, []string{"authority.example"}, true, false, 1, 1)
	a.roots = x509.NewCertPool()
	a.roots.AppendCertsFromPEM(issuer.GetRootCert(0).PEM())
	a.front.Handler = front.Handler()
	close(a.opened)
}

// names serves DNS in which every name is this machine.
func (a *authority) names() string {
	a.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(answer) // who has gone asks no more
	})}
	a.Cleanup(func() { l.Close() })
	go server.ActivateAndServe()
	return l.Addr().String()
}

func port(t *testing.T, address string) int {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(p)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
