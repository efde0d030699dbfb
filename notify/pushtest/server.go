// Package pushtest is one local server that stands for three vendors: a Web
// Push service (which, unlike a real one, holds the browsers' keys and reads
// what it gets), APNs over HTTP/2 with and without TLS, and FCM HTTP v1 with
// its token endpoint. It refuses what the real ones refuse, answers as a test
// scripts it for single devices, and keeps every request for looking at.
//
// Its crypto is its own, written from the RFCs and not shared with package
// push, so that each checks the other. It delivers nothing anywhere.
package pushtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Vendor names which of the three was spoken to.
type Vendor string

const (
	WebPush  Vendor = "webpush"
	APNs     Vendor = "apns"
	FCM      Vendor = "fcm"
	FCMToken Vendor = "fcm-token" // FCM's token endpoint
	Unknown  Vendor = "unknown"   // a path that none of them has
)

// Options change a server from its start. The zero value will do.
type Options struct {
	Now func() time.Time // by which tokens are judged; nil: time.Now
	// AccessLife is how long FCM's access tokens live; 0: 1 h.
	AccessLife time.Duration
}

// Server is the fake. Its fields are not to be changed.
type Server struct {
	URL    string         // plain http: HTTP/1.1, and HTTP/2 with prior knowledge (h2c)
	TLSURL string         // https: HTTP/1.1 and HTTP/2
	Roots  *x509.CertPool // trusts TLSURL

	opts Options
	done chan struct{} // closed at the end, to free hanging answers

	mu       sync.Mutex // guards all below
	devices  map[string]*Device
	requests []Request
	changed  chan struct{} // closed and renewed with each request
	apnsKey  *ecdsa.PrivateKey
	fcmKey   *rsa.PrivateKey
	access   map[string]time.Time // FCM's access tokens and their ends
	tokens   []Answer             // script of the token endpoint
}

// Request is one that came, with what was answered.
type Request struct {
	Vendor Vendor
	Device string // name of the device; "" where the path or token names none
	At     time.Time
	Proto  string // HTTP/1.1 or HTTP/2.0
	Path   string
	Header http.Header
	Body   []byte // as it came
	Plain  []byte // Web Push: decrypted; else Body
	Status int    // what was answered; 0: nothing (hang, reset)
	// Problem is what a real service could not see: a body that does not open
	// with the browser's keys.
	Problem string
}

// Start makes a server that ends with the test.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.AccessLife == 0 {
		opts.AccessLife = time.Hour
	}
	s := &Server{
		opts: opts, done: make(chan struct{}), changed: make(chan struct{}),
		devices: map[string]*Device{}, access: map[string]time.Time{},
	}
	plain, secure := httptest.NewUnstartedServer(s), httptest.NewUnstartedServer(s)
	for _, h := range []*httptest.Server{plain, secure} {
		h.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that a test breaks off on purpose
		h.Config.Protocols = new(http.Protocols)
		h.Config.Protocols.SetHTTP1(true)
	}
	plain.Config.Protocols.SetUnencryptedHTTP2(true)
	secure.Config.Protocols.SetHTTP2(true)
	secure.EnableHTTP2 = true
	plain.Start()
	secure.StartTLS()
	s.URL, s.TLSURL = plain.URL, secure.URL
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(secure.Certificate())
	t.Cleanup(func() {
		close(s.done)
		plain.Close()
		secure.Close()
	})
	return s
}

// Host is the host:port of URL, as the setting --webpush-hosts takes it.
func (s *Server) Host() string { return strings.TrimPrefix(s.URL, "http://") }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // the client went away
	}
	req := Request{
		At: s.opts.Now(), Proto: r.Proto, Path: r.URL.Path, Header: r.Header.Clone(), Body: body, Plain: body,
	}
	var d *Device
	var normal func() Answer
	switch {
	case strings.HasPrefix(r.URL.Path, webPushPath):
		req.Vendor, d = WebPush, s.device(WebPush, strings.TrimPrefix(r.URL.Path, webPushPath))
		normal = func() Answer { return s.webPush(r, d, &req) }
	case strings.HasPrefix(r.URL.Path, apnsPath):
		req.Vendor, d = APNs, s.device(APNs, strings.TrimPrefix(r.URL.Path, apnsPath))
		normal = func() Answer { return s.apns(r, d, body) }
	case r.URL.Path == fcmPath:
		req.Vendor, d = FCM, s.device(FCM, fcmTokenOf(body))
		normal = func() Answer { return s.fcm(r, d, body) }
	case r.URL.Path == fcmTokenPath:
		req.Vendor = FCMToken
		normal = func() Answer { return s.grant(r, body) }
	default:
		req.Vendor = Unknown
		normal = func() Answer { return Answer{Status: http.StatusNotFound} }
	}
	answer := normal() // also where a script answers: it decrypts
	if d != nil {
		req.Device = d.Name
	}
	if scripted, ok := s.scripted(req.Vendor, d); ok {
		answer = scripted
	}
	req.Status = answer.Status
	s.record(req)
	s.write(w, r, answer)
}

// record keeps a request and wakes who waits for one.
func (s *Server) record(req Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, req)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Requests returns what came to a vendor, in order; of all without one.
func (s *Server) Requests(vendors ...Vendor) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if len(vendors) == 0 || slices.Contains(vendors, r.Vendor) {
			out = append(out, r)
		}
	}
	return out
}

// Await returns the first request that match accepts, as soon as there is one.
// The test fails, with the words of what, when none came within 20 s.
func (s *Server) Await(t testing.TB, what string, match func(Request) bool) Request {
	t.Helper()
	giveUp := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		changed, came := s.changed, slices.Clone(s.requests)
		s.mu.Unlock()
		if i := slices.IndexFunc(came, match); i >= 0 { // without the lock: match may ask the server
			return came[i]
		}
		select {
		case <-changed:
		case <-giveUp:
			t.Fatalf("the vendor waited in vain for %s; %d other requests came", what, len(came))
		}
	}
}

// Everything returns all bytes that came (paths, headers, bodies) and what of
// them could be decrypted, for a test to search.
func (s *Server) Everything() []byte {
	var all bytes.Buffer
	for _, r := range s.Requests() {
		fmt.Fprintf(&all, "%s\n", r.Path)
		if err := r.Header.Write(&all); err != nil {
			panic(err) // a buffer takes everything
		}
		all.Write(r.Body)
		all.WriteByte('\n')
		all.Write(r.Plain)
		all.WriteByte('\n')
	}
	return all.Bytes()
}
