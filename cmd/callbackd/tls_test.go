package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secure is a running server with TLS, and a browser that believes its authority.
type secure struct {
	*running
	public, plain string
	roots         *x509.CertPool
}

func (s *shell) serveTLS(args ...string) *secure {
	s.Helper()
	v := &secure{running: s.start(append([]string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "off",
		"--public-url", "https://wall.example", "--tls-http-listen", "127.0.0.1:0"}, args...)...)}
	found := v.match(v.stderr, `msg="callbackd serves" listen=(\S+) .*http=(\S+)`)
	v.public, v.plain = found[0], found[1]
	return v
}

// ask asks for a URL of wall.example, which is here, and follows no redirect.
func (v *secure) ask(method, url string, change ...func(*tls.Config)) *http.Response {
	v.Helper()
	resp, err := v.try(method, url, change...)
	v.must(err)
	return resp
}

func (v *secure) try(method, url string, change ...func(*tls.Config)) (*http.Response, error) {
	v.Helper()
	config := &tls.Config{RootCAs: v.roots}
	for _, c := range change {
		c(config)
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		to := v.public
		if strings.HasSuffix(addr, ":80") {
			to = v.plain
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(v.Context(), method, url, nil)
	v.must(err)
	resp, err := client.Do(req)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return resp, err
}

// TestTLS_AutoGetsACertificateByEitherCheck: from a real authority (pebble), by its
// check on the TLS port and by that on the plain port where the first finds nobody.
func TestTLS_AutoGetsACertificateByEitherCheck(t *testing.T) {
	for _, check := range []string{"tls-alpn-01", "http-01"} {
		t.Run(check, func(t *testing.T) {
			s, a := newShell(t), newAuthority(t)
			s.add("spring", nil)
			v := s.serveTLS("--tls", "auto", "--acme-url", a.url, "--acme-email", "ops@wall.example")
			reached := v.public
			if check == "http-01" {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				s.must(err)
				reached = l.Addr().String()
				s.must(l.Close()) // nobody listens there
			}
			a.open(v.plain, reached)
			v.roots = a.roots
			v.match(v.stderr, `msg="there is a certificate" host=wall.example`)
			v.isSecure()
			s.noTraceOf(v)
			if _, err := v.try("GET", "https://wall.example/", func(c *tls.Config) { c.ServerName = "other.example" }); err == nil {
				t.Error("it asks for certificates of other hosts")
			}
			v.end()
			s.keptForItselfAlone("wall.example")
		})
	}
}

// isSecure looks at what every server with TLS does.
func (v *secure) isSecure() {
	v.Helper()
	resp := v.ask("GET", "https://wall.example/wall/spring")
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 {
		v.Errorf("%s %s, version %x", resp.Status, resp.Proto, resp.TLS.Version)
	}
	if got := resp.Header.Get("Strict-Transport-Security"); got != "max-age=15552000" {
		v.Errorf("Strict-Transport-Security %q", got)
	}
	nobody := func(c *tls.Config) {
		c.InsecureSkipVerify = true // no name is sent, so none is checked by the library
		c.VerifyConnection = func(s tls.ConnectionState) error { return s.PeerCertificates[0].VerifyHostname("wall.example") }
	}
	if _, err := v.try("GET", "https://127.0.0.1/", nobody); err != nil {
		v.Errorf("who sends no name: %v", err)
	}
	if _, err := v.try("GET", "https://wall.example/", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }); err != nil {
		v.Errorf("TLS 1.2: %v", err)
	}
	old := func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }
	if _, err := v.try("GET", "https://wall.example/", old); err == nil {
		v.Error("TLS 1.1 is taken")
	}
	v.leadsToHTTPS()
}

// leadsToHTTPS looks at the plain port: people are led to the public URL, the
// platform is answered, and what should not have been said there is refused.
func (v *secure) leadsToHTTPS() {
	v.Helper()
	for url, want := range map[string]string{
		"http://wall.example/wall/spring?lang=en": "https://wall.example/wall/spring?lang=en",
		"http://other.example/wall/spring":        "https://wall.example/wall/spring",
		"http://wall.example//other.example/":     "https://wall.example//other.example/",
	} {
		resp := v.ask("GET", url)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || got != want || resp.Header.Get("Strict-Transport-Security") != "" {
			v.Errorf("%s: %s to %q", url, resp.Status, got)
		}
	}
	if resp := v.ask("POST", "http://wall.example/api/v1/viewers"); resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) > 0 {
		v.Errorf("a form sent in the clear: %s", resp.Status)
	}
	if resp := v.ask("GET", "http://wall.example/callback/spring?echostr=x"); resp.StatusCode != http.StatusForbidden || resp.Header.Get("Location") != "" {
		v.Errorf("the platform's check without a signature: %s", resp.Status) // answered, and not redirected
	}
}

// noTraceOf: nothing of a key is in the log.
func (s *shell) noTraceOf(v *secure) {
	s.Helper()
	if log := v.stderr.String(); strings.Contains(log, "PRIVATE KEY") || strings.Contains(log, "-----BEGIN") {
		s.Errorf("the log holds a key: %s", log)
	}
}

// keptForItselfAlone: the certificate outlives the server, in files that are nobody else's.
func (s *shell) keptForItselfAlone(host string) {
	s.Helper()
	folder, found := filepath.Join(s.env["CALLBACKD_DATA_DIR"], "tls"), false
	s.must(filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		s.must(err)
		info, err := d.Info()
		s.must(err)
		if info.Mode().Perm()&0o077 != 0 {
			s.Errorf("%s has mode %v", path, info.Mode())
		}
		found = found || d.Name() == host
		return nil
	}))
	if !found {
		s.Errorf("no certificate in %s", folder)
	}
}

// writePair writes a certificate for wall.example and its key, and returns who believes it.
func (s *shell) writePair(cert, key, serial string, ends time.Time) *x509.CertPool {
	s.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	n, _ := new(big.Int).SetString(serial, 10)
	template := &x509.Certificate{SerialNumber: n, Subject: pkix.Name{CommonName: "wall.example"}, DNSNames: []string{"wall.example"},
		NotBefore: ends.Add(-24 * time.Hour), NotAfter: ends, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	s.must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	s.must(err)
	s.must(os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	s.must(os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	parsed, err := x509.ParseCertificate(der)
	s.must(err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

// TestTLS_FilesAreTakenUpWhenTheyChange, and a broken replacement leaves the old pair.
func TestTLS_FilesAreTakenUpWhenTheyChange(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	cert, key := filepath.Join(t.TempDir(), "fullchain.pem"), filepath.Join(t.TempDir(), "privkey.pem")
	first := s.writePair(cert, key, "1", time.Now().Add(time.Hour))
	v := s.serveTLS("--tls", "files", "--tls-cert-file", cert, "--tls-key-file", key)
	v.roots = first
	v.isSecure()
	s.must(os.WriteFile(key, []byte("half of a key"), 0o600))
	for deadline := time.Now().Add(patience); !strings.Contains(v.stderr.String(), "the old one stays in use"); {
		v.ask("GET", "https://wall.example/")
		if time.Now().After(deadline) {
			t.Fatal("waited for the warning")
		}
	}
	second := s.writePair(cert, key, "2", time.Now().Add(time.Hour))
	v.roots = second
	for deadline := time.Now().Add(patience); ; {
		if resp, err := v.try("GET", "https://wall.example/"); err == nil && resp.TLS.PeerCertificates[0].SerialNumber.Int64() == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("waited for the new certificate")
		}
	}
	s.noTraceOf(v)
	v.end()
}

// TestTLS_RefusesWhatCannotWork at the start, in one line that says what to do.
func TestTLS_RefusesWhatCannotWork(t *testing.T) {
	s := newShell(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	s.writePair(in("cert"), in("key"), "1", time.Now().Add(time.Hour))
	s.writePair(in("other"), in("otherkey"), "2", time.Now().Add(time.Hour))
	s.must(os.WriteFile(in("text"), []byte("hello"), 0o600))
	files := func(cert, key string, more ...string) []string {
		return append([]string{"--tls=files", "--tls-cert-file=" + cert, "--tls-key-file=" + key}, more...)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no key named":         {[]string{"--tls=files", "--tls-cert-file=" + in("cert")}, "needs both"},
		"files without --tls":  {[]string{"--tls-cert-file=" + in("cert")}, "need --tls files"},
		"no such file":         {files(in("none"), in("key")), "--tls-cert-file: stat " + in("none")},
		"a folder":             {files(in("cert"), dir), "--tls-key-file: " + dir + " is no file; name a PEM file"},
		"no certificate":       {files(in("text"), in("key")), "give the certificate with its chain (fullchain.pem)"},
		"the key of another":   {files(in("cert"), in("otherkey")), "give the certificate with its chain (fullchain.pem)"},
		"leads to plain http":  {files(in("cert"), in("key"), "--tls-http-listen=127.0.0.1:0"), "which is not https"},
		"plain beside nothing": {[]string{"--tls-http-listen=127.0.0.1:0"}, "needs --tls auto or --tls files"},
		"auto without https":   {[]string{"--tls=auto", "--public-url=http://wall.example"}, "needs a --public-url with https"},
		"auto for an address":  {[]string{"--tls=auto", "--public-url=https://192.0.2.1"}, `"192.0.2.1" is no host name`},
		"auto for one label":   {[]string{"--tls=auto", "--public-url=https://localhost"}, `"localhost" is no host name`},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shell{T: t, env: s.env}
			s.refused(exitUsage, c.want, "", append([]string{"serve", "--log-level=error", "--listen=127.0.0.1:0", "--admin-listen=off"}, c.args...)...)
		})
	}
}
