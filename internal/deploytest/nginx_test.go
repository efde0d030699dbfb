//go:build proxy

package deploytest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const host = "wall.example.com"

// proxy is an nginx over the shipped file, in front of a backend of the test.
type proxy struct {
	http, https string // addresses
	log         string // access log
	client      *http.Client
	roots       *x509.CertPool
}

func TestNginx_HandsOnWhatCallbackdNeeds(t *testing.T) {
	p := startProxy(t, http.HandlerFunc(backend))
	t.Run("client's address is replaced", p.testHeaders)
	t.Run("bodies up to 256 KiB and a little more arrive whole", p.testBodies)
	t.Run("port 80 serves callbacks and redirects the rest", p.testPlain)
	t.Run("upgrades become tunnels", p.testUpgrade)
	t.Run("ranges of media arrive", p.testRange)
	t.Run("log holds no query", p.testLog)
}

// backend tells what reached it.
func backend(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.URL.Path, "/live/"):
		tunnel(w, r)
	case strings.HasPrefix(r.URL.Path, "/media/"):
		http.ServeContent(w, r, "x.mp4", time.Unix(1, 0), strings.NewReader("0123456789"))
	default:
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s %s for=%s proto=%s host=%s body=%d", r.Method, r.URL.Path,
			strings.Join(r.Header.Values("X-Forwarded-For"), "+"), r.Header.Get("X-Forwarded-Proto"), r.Host, n)
	}
}

// tunnel takes any upgrade and sends back each byte.
func tunnel(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "websocket" || !strings.EqualFold(r.Header.Get("Connection"), "upgrade") {
		http.Error(w, "no upgrade", http.StatusBadRequest)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	_ = rw.Flush()
	_, _ = io.Copy(conn, rw)
}

func (p *proxy) testHeaders(t *testing.T) {
	for _, path := range []string{"/wall/demo", "/callback/demo"} {
		r, _ := http.NewRequest("GET", "https://"+host+path, nil)
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		got := p.body(t, r, 200)
		if want := "GET " + path + " for=127.0.0.1 proto=https host=" + host + " body=0"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func (p *proxy) testBodies(t *testing.T) {
	for size, status := range map[int]int{256 << 10: 200, 256<<10 + 1: 200, 2 << 20: 413} {
		r, _ := http.NewRequest("POST", "https://"+host+"/callback/demo", bytes.NewReader(make([]byte, size)))
		got := p.body(t, r, status)
		if status == 200 && !strings.HasSuffix(got, fmt.Sprintf("body=%d", size)) {
			t.Errorf("%d bytes: %q", size, got)
		}
	}
}

func (p *proxy) testPlain(t *testing.T) {
	r, _ := http.NewRequest("POST", "http://"+host+"/callback/demo", strings.NewReader("x"))
	if got, want := p.body(t, r, 200), "POST /callback/demo for=127.0.0.1 proto=http host="+host+" body=1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r, _ = http.NewRequest("GET", "http://"+host+"/wall/demo?a=1", nil)
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Location"); resp.StatusCode != 301 || got != "https://"+host+"/wall/demo?a=1" {
		t.Errorf("%d to %q", resp.StatusCode, got)
	}
}

func (p *proxy) testUpgrade(t *testing.T) {
	conn, err := tls.Dial("tcp", p.https, &tls.Config{RootCAs: p.roots, ServerName: host, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(conn, "GET /live/websocket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", host)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	for _, word := range []string{"hello\n", "again\n"} {
		fmt.Fprint(conn, word)
		if got, err := in.ReadString('\n'); got != word {
			t.Fatalf("got %q, %v", got, err)
		}
	}
}

func (p *proxy) testRange(t *testing.T) {
	r, _ := http.NewRequest("GET", "https://"+host+"/media/x", nil)
	r.Header.Set("Range", "bytes=2-4")
	if got := p.body(t, r, 206); got != "234" {
		t.Errorf("got %q", got)
	}
}

func (p *proxy) testLog(t *testing.T) {
	r, _ := http.NewRequest("GET", "https://"+host+"/callback/last?openid=oSecret", nil)
	p.body(t, r, 200)
	var log []byte
	await(t, "the access log to name the request", func() bool {
		log, _ = os.ReadFile(p.log)
		return bytes.Contains(log, []byte("/callback/last"))
	})
	if bytes.Contains(log, []byte("oSecret")) {
		t.Errorf("the log holds a query:\n%s", log)
	}
}

// body sends a request through the proxy and returns the answer's body.
func (p *proxy) body(t *testing.T, r *http.Request, status int) string {
	t.Helper()
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d", r.Method, r.URL, resp.StatusCode, status)
	}
	return string(b)
}

// startProxy runs nginx over deploy/nginx.conf with other ports, certificate,
// backend and log: nothing else of the file is touched.
func startProxy(t *testing.T, h http.Handler) *proxy {
	t.Helper()
	nginx := os.Getenv("NGINX_PROGRAM")
	if nginx == "" {
		t.Fatal("NGINX_PROGRAM names no program: run make proxy")
	}
	dir := t.TempDir()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p := &proxy{http: freeAddress(t), https: freeAddress(t), log: filepath.Join(dir, "access.log"), roots: x509.NewCertPool()}
	p.certificate(t, dir)
	site := shippedSite(t)
	for old, replaced := range map[string]string{
		"    listen [::]:80;\n":                                "",
		"    listen [::]:443 ssl http2;\n":                     "",
		"listen 80;":                                           "listen " + p.http + ";",
		"listen 443 ssl http2;":                                "listen " + p.https + " ssl http2;",
		"server 127.0.0.1:8080;":                               "server " + server.Listener.Addr().String() + ";",
		"/etc/letsencrypt/live/wall.example.com/fullchain.pem": filepath.Join(dir, "cert.pem"),
		"/etc/letsencrypt/live/wall.example.com/privkey.pem":   filepath.Join(dir, "key.pem"),
		"/var/log/nginx/callbackd.log":                         p.log,
	} {
		if !strings.Contains(site, old) {
			t.Fatalf("deploy/nginx.conf has no %q", old)
		}
		site = strings.ReplaceAll(site, old, replaced)
	}
	write(t, filepath.Join(dir, "site.conf"), site)
	main := "daemon off; master_process off; pid " + dir + "/pid; error_log stderr warn;\nevents {}\nhttp {\n"
	for _, temp := range []string{"client_body", "proxy", "fastcgi", "scgi", "uwsgi"} {
		main += temp + "_temp_path " + dir + "/" + temp + ";\n"
	}
	write(t, filepath.Join(dir, "main.conf"), main+"include "+dir+"/site.conf;\n}\n")
	p.run(t, nginx, filepath.Join(dir, "main.conf"))
	return p
}

func (p *proxy) run(t *testing.T, nginx, conf string) {
	var stderr bytes.Buffer
	cmd := exec.Command(nginx, "-e", "stderr", "-c", conf)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		if t.Failed() {
			t.Logf("nginx said:\n%s", stderr.String())
		}
	})
	await(t, "nginx to listen", func() bool {
		select {
		case <-exited:
			t.Fatalf("nginx ended:\n%s", stderr.String())
		default:
		}
		conn, err := net.Dial("tcp", p.https)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		to := p.http
		if strings.HasSuffix(addr, ":443") {
			to = p.https
		}
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	p.client = &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: p.roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// certificate makes one for the host of the shipped file.
func (p *proxy) certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(dir, "cert.pem"), cert)
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	p.roots.AppendCertsFromPEM([]byte(cert))
}

func shippedSite(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "deploy", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
