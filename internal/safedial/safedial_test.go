package safedial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"callbackd"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func mustNew(t *testing.T, o Options) *http.Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// site is a server that counts its visitors.
func site(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	visits := new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s, visits
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func wantRefused(t *testing.T, c *http.Client, rawURL string) {
	t.Helper()
	res, err := c.Get(rawURL)
	if err == nil {
		res.Body.Close()
	}
	if !errors.Is(err, callbackd.ErrForbidden) {
		t.Errorf("%s: %v, want refused", rawURL, err)
	}
}

func wantBody(t *testing.T, c *http.Client, rawURL, want string) {
	t.Helper()
	res, err := c.Get(rawURL)
	if err != nil {
		t.Fatalf("%s: %v", rawURL, err)
	}
	defer res.Body.Close()
	got, err := ReadAll(res.Body, 1<<20)
	if err != nil || string(got) != want {
		t.Errorf("%s gave %q, %v; want %q", rawURL, got, err, want)
	}
}

func TestClient_RefusesThisMachine(t *testing.T) {
	s, visits := site(t, says("canary"))
	c := mustNew(t, Options{})
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "[::]"} {
		wantRefused(t, c, "http://"+host+port+"/")
	}
	if visits.Load() != 0 {
		t.Error("the server was reached")
	}
}

func TestClient_AllowReachesIt(t *testing.T) {
	s, _ := site(t, says("hello"))
	wantBody(t, mustNew(t, Options{Allow: []netip.Prefix{loopback}}), s.URL, "hello")
}

func TestClient_AlwaysAllowIsOneHostAndPort(t *testing.T) {
	platform, _ := site(t, says("platform"))
	other, visits := site(t, says("canary"))
	c := mustNew(t, Options{AlwaysAllow: []string{platform.URL + "/base/path"}})
	wantBody(t, c, platform.URL+"/cgi-bin/x", "platform")
	wantRefused(t, c, other.URL)
	// the same socket under another name is another host
	wantRefused(t, c, strings.Replace(platform.URL, "127.0.0.1", "localhost", 1))
	if visits.Load() != 0 {
		t.Error("a neighbour of the platform was reached")
	}
}

func TestNew_RefusesWhatIsNoURL(t *testing.T) {
	for _, base := range []string{"", "api.example", "ftp://api.example", "http://", "://", "http://a b/"} {
		if _, err := New(Options{AlwaysAllow: []string{base}}); !errors.Is(err, callbackd.ErrInvalid) {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := New(Options{Allow: []netip.Prefix{{}}}); !errors.Is(err, callbackd.ErrInvalid) {
		t.Errorf("an empty range: %v", err)
	}
}

func TestClient_RefusesURLsByTheirForm(t *testing.T) {
	s, visits := site(t, says("canary"))
	c := mustNew(t, Options{Allow: []netip.Prefix{loopback}})
	host := strings.TrimPrefix(s.URL, "http://")
	for _, u := range []string{
		"http://user@" + host, "http://user:pass@" + host, "http://public.example@" + host,
		"ftp://" + host, "file:///etc/passwd", "gopher://" + host, "http:///path", "//" + host,
	} {
		wantRefused(t, c, u)
	}
	if visits.Load() != 0 {
		t.Error("the server was reached")
	}
}

func TestClient_ChecksEveryRedirect(t *testing.T) {
	canary, visits := site(t, says("canary"))
	_, canaryPort, err := net.SplitHostPort(strings.TrimPrefix(canary.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var target string
	open, _ := site(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) })
	c := mustNew(t, Options{AlwaysAllow: []string{open.URL}})
	for _, target = range []string{
		canary.URL, "http://localhost:" + canaryPort, "http://user@" + strings.TrimPrefix(open.URL, "http://"),
		"http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fd00:ec2::254]/", "file:///etc/passwd",
		"http://93.184.216.34:" + canaryPort,
	} {
		wantRefused(t, c, open.URL)
	}
	if visits.Load() != 0 {
		t.Error("a redirect led to a private address")
	}
}

func TestClient_FollowsFewRedirects(t *testing.T) {
	s, visits := site(t, func(w http.ResponseWriter, r *http.Request) {
		var left int
		fmt.Sscanf(r.URL.Path, "/%d", &left)
		if left == 0 {
			io.WriteString(w, "there")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/%d", left-1), http.StatusFound)
	})
	allow := []netip.Prefix{loopback}
	wantBody(t, mustNew(t, Options{Allow: allow}), s.URL+"/3", "there")
	wantRefused(t, mustNew(t, Options{Allow: allow}), s.URL+"/4")
	wantBody(t, mustNew(t, Options{Allow: allow, MaxRedirects: 5}), s.URL+"/5", "there")
	visits.Store(0)
	wantRefused(t, mustNew(t, Options{Allow: allow, MaxRedirects: -1}), s.URL+"/1")
	if visits.Load() != 1 {
		t.Errorf("%d requests, want the first alone", visits.Load())
	}
}

func TestClient_CarriesNoCredentialsOverARedirect(t *testing.T) {
	var got http.Header
	s, _ := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.SetCookie(w, &http.Cookie{Name: "planted", Value: "x"})
			http.Redirect(w, r, "/to", http.StatusFound)
			return
		}
		got = r.Header.Clone()
	})
	c := mustNew(t, Options{Allow: []netip.Prefix{loopback}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/from?access_token=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
		req.Header.Set(name, "secret")
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got == nil {
		t.Fatal("the redirect was not followed")
	}
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Referer"} {
		if v, carried := got[name]; carried {
			t.Errorf("the redirect carries %s: %q", name, v)
		}
	}
}

func TestClient_DoesNotSendABodyElsewhere(t *testing.T) {
	s, visits := site(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
	})
	c := mustNew(t, Options{Allow: []netip.Prefix{loopback}})
	res, err := c.Post(s.URL, "text/plain", strings.NewReader("secret"))
	if err == nil {
		res.Body.Close()
	}
	if !errors.Is(err, callbackd.ErrForbidden) || visits.Load() != 1 {
		t.Errorf("a redirected POST: %v after %d requests", err, visits.Load())
	}
}

// names is a DNS server that gives a name's addresses in turn, over and over.
func names(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() { // ends with the socket
		buf := make([]byte, 1500)
		for asked := 0; ; {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Header.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				ip := netip.MustParseAddr(answers[asked%len(answers)])
				asked++
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 0},
					Body:   &dnsmessage.AResource{A: ip.As4()},
				}}
			}
			if out, err := m.Pack(); err == nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// One port on two addresses: 127.0.0.2 is allowed, 127.0.0.1 is the private
// service that a name turns to as soon as it was looked at.
func TestClient_RebindingNameReachesNothingPrivate(t *testing.T) {
	canary, visits := site(t, says("canary"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(canary.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	good := &http.Server{Handler: says("good")}
	served := make(chan error, 1)
	go func() { served <- good.Serve(l) }()
	t.Cleanup(func() { good.Close(); <-served })

	c := mustNew(t, Options{
		Allow:    []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")},
		Resolver: names(t, "127.0.0.2", "127.0.0.1"),
	})
	var reached, refused int
	for range 10 {
		res, err := c.Get("http://pictures.example:" + port)
		switch {
		case errors.Is(err, callbackd.ErrForbidden):
			refused++
		case err != nil:
			t.Fatal(err)
		default:
			reached++
			res.Body.Close()
		}
		c.CloseIdleConnections()
	}
	if visits.Load() != 0 {
		t.Errorf("the private service was reached %d times", visits.Load())
	}
	if reached != 5 || refused != 5 {
		t.Errorf("%d reached, %d refused; want 5 and 5", reached, refused)
	}
}

// net/http reads the proxy's variables once in a process, so that the test
// runs itself again in one that has them from its start.
func TestClient_IgnoresTheEnvironmentsProxy(t *testing.T) {
	if os.Getenv("SAFEDIAL_TEST_CHILD") == "" {
		proxy, visits := site(t, says("proxied"))
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = []string{"SAFEDIAL_TEST_CHILD=1", "NO_PROXY="}
		for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
			cmd.Env = append(cmd.Env, name+"="+proxy.URL)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if visits.Load() != 0 {
			t.Error("the proxy was asked")
		}
		return
	}
	s, visits := site(t, says("direct"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	c := mustNew(t, Options{Allow: []netip.Prefix{loopback}, Resolver: names(t, "127.0.0.1")})
	wantBody(t, c, "http://pictures.example:"+port, "direct")
	if visits.Load() != 1 {
		t.Error("the site was not asked")
	}
}

func TestClient_EndsABodyThatDoesNotEnd(t *testing.T) {
	s, _ := site(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := mustNew(t, Options{Allow: []netip.Prefix{loopback}, Timeout: 100 * time.Millisecond})
	res, err := c.Get(s.URL)
	if err == nil {
		_, err = ReadAll(res.Body, 100)
		res.Body.Close()
	}
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestReadAll_RefusesOneByteTooMany(t *testing.T) {
	for _, tt := range []struct {
		body string
		want error
	}{{"", nil}, {"1234", nil}, {"12345", nil}, {"123456", ErrTooLarge}, {strings.Repeat("x", 10000), ErrTooLarge}} {
		got, err := ReadAll(strings.NewReader(tt.body), 5)
		if !errors.Is(err, tt.want) || (err == nil && string(got) != tt.body) {
			t.Errorf("%.10q: %q, %v; want %v", tt.body, got, err, tt.want)
		}
	}
	if _, err := ReadAll(io.MultiReader(strings.NewReader("1"), brokenReader{}), 5); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that breaks off: %v", err)
	}
	if _, err := ReadAll(io.MultiReader(strings.NewReader("12345"), brokenReader{}), 5); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that breaks off at its cap: %v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReason_NamesNoURLAndNoAddress(t *testing.T) {
	c := mustNew(t, Options{Resolver: names(t, "10.9.8.7")})
	for _, u := range []string{
		"http://10.9.8.7/?access_token=secret", "http://secret.example/", "http://127.0.0.1/secret", "http://user:secret@host.example/",
	} {
		res, err := c.Get(u)
		if err == nil {
			res.Body.Close()
			t.Fatalf("%s was reached", u)
		}
		reason := Reason(err)
		for _, leak := range []string{"secret", "10.9.8.7", "127.0.0.1", "example"} {
			if strings.Contains(reason.Error(), leak) {
				t.Errorf("%s: the reason says %q", u, reason)
			}
		}
		if !errors.Is(reason, callbackd.ErrForbidden) {
			t.Errorf("%s: the kind is lost: %v", u, reason)
		}
	}
}
