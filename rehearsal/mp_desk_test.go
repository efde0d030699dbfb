package rehearsal_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/rehearsal"
)

// mpClock is a clock that the test moves.
type mpClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *mpClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *mpClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// mpDesk is a platform with one account and a browser in front of its pages.
type mpDesk struct {
	t     *testing.T
	p     *rehearsal.Platform
	a     *rehearsal.Account
	clock *mpClock
	base  string
	mpBrowser
}

// mpBrowser keeps cookies and the token of its login.
type mpBrowser struct {
	t      *testing.T
	base   string
	client *http.Client
	token  string
}

// mpNoon is 12:00 in China on a Thursday.
var mpNoon = time.Date(2014, 8, 21, 4, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, d callbackd.Dialect, faults rehearsal.OperatorFaults) *mpDesk {
	t.Helper()
	clock := &mpClock{t: mpNoon}
	p := rehearsal.New(rehearsal.Options{Seed: 7, Now: clock.now})
	a, err := p.AddAccount(rehearsal.AccountConfig{
		Slug: "gala", Name: "春晚现场", MP: &rehearsal.MPConfig{Dialect: d}, Operator: faults,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(srv.Close)
	p.SetBaseURL(srv.URL)
	return &mpDesk{t: t, p: p, a: a, clock: clock, base: srv.URL, mpBrowser: newBrowser(t, srv.URL)}
}

func newBrowser(t *testing.T, base string) mpBrowser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return mpBrowser{t: t, base: base, client: &http.Client{Jar: jar}}
}

// mpAnswer is what a page answered.
type mpAnswer struct {
	status int
	header http.Header
	body   string
}

func (a mpAnswer) html() bool {
	return strings.HasPrefix(a.header.Get("Content-Type"), "text/html")
}

// do sends a request with this browser's token unless params name one.
func (b *mpBrowser) do(method, path string, params url.Values, header http.Header) mpAnswer {
	b.t.Helper()
	if params == nil {
		params = url.Values{}
	}
	if !params.Has("token") {
		params.Set("token", b.token)
	}
	var body io.Reader
	target := b.base + path
	if method == http.MethodPost {
		body = strings.NewReader(params.Encode())
	} else if strings.Contains(path, "?") {
		target += "&" + params.Encode()
	} else {
		target += "?" + params.Encode()
	}
	r, err := http.NewRequest(method, target, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Referer", "https://mp.weixin.qq.com/")
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return mpAnswer{resp.StatusCode, resp.Header, string(got)}
}

// get asks for a page with parameters as name, value, name, value …
func (b *mpBrowser) get(path string, pairs ...string) mpAnswer {
	b.t.Helper()
	return b.do(http.MethodGet, path, mpValues(pairs), nil)
}

func (b *mpBrowser) post(path string, pairs ...string) mpAnswer {
	b.t.Helper()
	return b.do(http.MethodPost, path, mpValues(pairs), nil)
}

func mpValues(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

var mpToken = regexp.MustCompile(`token=(\d+)`)

// try logs in by password and returns the answer; extra as in get.
func (d *mpDesk) try(b *mpBrowser, extra ...string) mpAnswer {
	d.t.Helper()
	c := d.a.Config.MP
	params := mpValues(append([]string{"username", c.Username, "pwd", mpMD5(c.Password), "imgcode", "", "f", "json", "token", ""}, extra...))
	a := b.do(http.MethodPost, "/cgi-bin/login?lang=zh_CN", params, nil)
	if m := mpToken.FindStringSubmatch(a.body); m != nil {
		b.token = m[1]
	}
	return a
}

// login logs this desk's browser in.
func (d *mpDesk) login() {
	d.t.Helper()
	d.loginWith(&d.mpBrowser)
}

func (d *mpDesk) loginWith(b *mpBrowser) {
	d.t.Helper()
	b.token = ""
	if a := d.try(b); b.token == "" {
		d.t.Fatalf("login failed: %s", a.body)
	}
}

func mpMD5(password string) string {
	if r := []rune(password); len(r) > 16 {
		password = string(r[:16])
	}
	sum := md5.Sum([]byte(password))
	return hex.EncodeToString(sum[:])
}

// person adds a follower of the account.
func (d *mpDesk) person(nick string) rehearsal.Contact {
	d.t.Helper()
	return d.follower(rehearsal.Follower{Profile: callbackd.Profile{Nickname: nick}})
}

func (d *mpDesk) follower(f rehearsal.Follower) rehearsal.Contact {
	d.t.Helper()
	f, err := d.p.AddFollower(f)
	if err != nil {
		d.t.Fatal(err)
	}
	c, err := d.a.Follow(f.Number, time.Time{})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// say puts a message into the world.
func (d *mpDesk) say(m rehearsal.Message) rehearsal.Record {
	d.t.Helper()
	r, err := d.a.Say(m)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func (d *mpDesk) text(from rehearsal.Contact, content string) rehearsal.Record {
	d.t.Helper()
	return d.say(rehearsal.Message{From: from.Number, Content: content})
}

var mpControls = regexp.MustCompile(`[\x00-\x1f]`)

// mpDecode reads JSON as a careful scraper does: control characters go first.
func mpDecode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(mpControls.ReplaceAllString(body, "")), &v); err != nil {
		t.Fatalf("decode %.300q: %v", body, err)
	}
	return v
}

// mpRet is the ret of an envelope.
func mpRet(t *testing.T, a mpAnswer) int {
	t.Helper()
	type envelope struct {
		BaseResp *struct {
			Ret int `json:"ret"`
		} `json:"base_resp"`
	}
	e := mpDecode[envelope](t, a.body)
	if e.BaseResp == nil {
		t.Fatalf("no base_resp in %.300q", a.body)
	}
	return e.BaseResp.Ret
}

// mpBetween cuts a page.
func mpBetween(t *testing.T, body, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, from)
	if !ok {
		t.Fatalf("no %q in %.600q", from, body)
	}
	part, _, ok := strings.Cut(rest, to)
	if !ok {
		t.Fatalf("no %q after %q in %.600q", to, from, body)
	}
	return part
}

// mpPicture is a JPEG of a size.
func mpPicture(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i)
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
