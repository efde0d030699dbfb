package mpweb

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"callbackd"
)

// Limits of one answer. Over them nothing is used: a cut page would lie.
const (
	maxPage  = 8 << 20
	maxImage = 20 << 20
	maxMedia = 64 << 20

	pageTimeout  = 15 * time.Second
	mediaTimeout = 3 * time.Minute
)

// request is what goes to the platform.
type request struct {
	page    string     // name in metrics and of the kept page
	path    string     // under the base URL; may hold a query
	query   url.Values // added to the query
	form    url.Values // makes it a POST
	referer string     // path of the page that a browser would come from
	ajax    bool       // f=json by script
	file    bool       // bytes are wanted: any HTML is a login page
	max     int64      // bytes; 0: maxPage
}

// answer is what came.
type answer struct {
	contentType string
	body        []byte
	landed      string // path where redirects ended
	changed     bool   // the session's cookies changed
}

// standard adds what every request of a session carries.
func (r request) standard(s *session) request {
	if r.query == nil {
		r.query = url.Values{}
	}
	r.query.Set("token", s.token)
	r.query.Set("lang", "zh_CN")
	target := r.query
	if r.form != nil {
		r.form.Set("token", s.token)
		r.form.Set("lang", "zh_CN")
		target = r.form
	}
	if r.ajax {
		target.Set("f", "json")
		target.Set("ajax", "1")
		target.Set("random", randomParam())
	}
	return r
}

func randomParam() string { return strconv.FormatFloat(rand.Float64(), 'f', 16, 64) }

// ask sends a request and tells which trouble the answer reports, counting it.
func (c *Client) ask(ctx context.Context, acc *callbackd.Account, g *gate, s *session, r request) (answer, Trouble, error) {
	a, err := c.send(ctx, acc, g, s, r)
	if err != nil {
		outcome := "error"
		if errors.Is(err, ErrNoSuchMedia) {
			outcome = "empty"
		}
		c.observe(acc.Slug, r.page, outcome)
		return answer{}, TroubleNone, err
	}
	t := r.trouble(a)
	switch {
	case t != TroubleNone:
		c.observe(acc.Slug, r.page, string(t))
	case r.file && len(a.body) == 0:
		c.observe(acc.Slug, r.page, "empty")
	default:
		c.observe(acc.Slug, r.page, "ok")
	}
	if !r.file {
		c.keep(ctx, acc.ID, r.page, scrub(a.body, pageSecrets(acc, s)))
	}
	return a, t, nil
}

// trouble judges an answer by what was asked.
func (r request) trouble(a answer) Trouble {
	if t := Recognise(a.contentType, a.body); t != TroubleNone {
		return t
	}
	if r.file && MediaExpired(a.contentType, a.body) {
		return TroubleEnded
	}
	if _, refused := scriptRet(a.body); r.page == "home" && !refused && isHTML(a.contentType, a.body) {
		if _, err := ParseHome(a.body); err != nil {
			return TroubleEnded // a home page without a ticket is nobody's
		}
	}
	if !looksLikeJSON(a.body) && (a.landed == "/" || strings.HasPrefix(a.landed, "/cgi-bin/login")) {
		return TroubleEnded
	}
	return TroubleNone
}

// send waits for the pace, sends one request and reads the answer.
func (c *Client) send(ctx context.Context, acc *callbackd.Account, g *gate, s *session, r request) (answer, error) {
	if err := c.waitPace(ctx, g); err != nil {
		return answer{}, err
	}
	defer func() { g.next = c.now().Add(c.pace) }()
	timeout := pageTimeout
	if r.file {
		timeout = mediaTimeout
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := c.newRequest(bounded, s, r)
	if err != nil {
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, callbackd.ErrInvalid)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, c.netError(ctx, err, secretsOf(acc, s)))
	}
	defer res.Body.Close()
	limit := r.max
	if limit == 0 {
		limit = maxPage
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, c.netError(ctx, err, secretsOf(acc, s)))
	case int64(len(body)) > limit:
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, ErrTooLarge)
	case r.file && res.StatusCode == http.StatusNotFound:
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, ErrNoSuchMedia)
	case res.StatusCode != http.StatusOK:
		return answer{}, fmt.Errorf("fetch page %s: %w", r.page, &StatusError{res.StatusCode})
	}
	changed := s.takeCookies(res.Cookies())
	return answer{
		contentType: res.Header.Get("Content-Type"), body: body,
		landed: res.Request.URL.Path, changed: changed,
	}, nil
}

// StatusError is an HTTP status that is no page.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return "answered status " + strconv.Itoa(e.Status) }

// Unwrap makes it one of the root's kinds.
func (e *StatusError) Unwrap() error { return callbackd.ErrUnavailable }

func (c *Client) waitPace(ctx context.Context, g *gate) error {
	if wait := g.next.Sub(c.now()); wait > 0 {
		select {
		case <-c.after(wait):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (c *Client) newRequest(ctx context.Context, s *session, r request) (*http.Request, error) {
	ref, err := url.Parse(r.path)
	if err != nil {
		return nil, err
	}
	u := c.base.ResolveReference(ref)
	if u.Host != c.base.Host || u.Scheme != c.base.Scheme {
		return nil, errOffHost
	}
	q := u.Query()
	for k, v := range r.query {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	method, body := http.MethodGet, io.Reader(nil)
	if r.form != nil {
		method, body = http.MethodPost, strings.NewReader(r.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Referer", c.base.String()+r.referer)
	req.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	if r.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	if r.ajax {
		req.Header.Set("X-Requested-With", "XMLHttpRequest")
	}
	for _, k := range s.cookies {
		req.AddCookie(&http.Cookie{Name: k.Name, Value: k.Value})
	}
	return req, nil
}

// netError keeps what helps of a transport's error. Texts that may quote an
// address (which holds the token and perhaps an openID) are dropped.
func (c *Client) netError(ctx context.Context, err error, secrets []string) error {
	if ctx.Err() != nil {
		return ctx.Err() // the caller has gone
	}
	text := "no answer"
	var op *net.OpError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		text = "no answer in time"
	case errors.Is(err, errOffHost):
		text = errOffHost.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		text = "answer was cut off"
	case errors.As(err, &op):
		text = op.Error()
	case errors.As(err, &cert):
		text = cert.Error()
	}
	return &kindError{string(scrub([]byte(text), secrets)), callbackd.ErrUnavailable}
}

// publicCookies hold names that pages show as well, and no secret.
var publicCookies = map[string]bool{
	"slave_user": true, "bizuin": true, "data_bizuin": true, "slave_bizuin": true, "mm_lang": true,
}

// pageSecrets lists what must not stay in a kept page. A short password is left
// out: no page shows it, and cutting it out would spoil ids.
func pageSecrets(acc *callbackd.Account, s *session) []string {
	secrets := []string{s.token}
	for _, k := range s.cookies {
		if len(k.Value) >= 6 && !publicCookies[k.Name] {
			secrets = append(secrets, k.Value, url.QueryEscape(k.Value))
		}
	}
	if p := acc.MPWeb.Password.Reveal(); p != "" {
		secrets = append(secrets, passwordDigest(p))
		if len(p) >= 8 {
			secrets = append(secrets, p, url.QueryEscape(p))
		}
	}
	return secrets
}

// secretsOf lists what must not stand in an error or in the answer to a login.
func secretsOf(acc *callbackd.Account, s *session) []string {
	secrets := pageSecrets(acc, s)
	if p := acc.MPWeb.Password.Reveal(); p != "" {
		secrets = append(secrets, p, url.QueryEscape(p))
	}
	return secrets
}

var (
	reScrubToken  = regexp.MustCompile(`(token(?:=|%3D|\\u003d|["']?\s*:\s*["']?))\d+`)
	reScrubTicket = regexp.MustCompile(`(ticket["']?\s*[:=]\s*["']?)[^"'&;,\s]+`)
)

// scrub takes secrets out of a page: those that are known, and whatever looks
// like a token or a ticket.
func scrub(body []byte, secrets []string) []byte {
	for _, s := range secrets {
		if s != "" {
			body = bytes.ReplaceAll(body, []byte(s), []byte("0"))
		}
	}
	body = reScrubToken.ReplaceAll(body, []byte("${1}0"))
	return reScrubTicket.ReplaceAll(body, []byte("${1}0"))
}
