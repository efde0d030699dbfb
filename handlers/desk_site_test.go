package handlers_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
	"callbackd/store/storetest"
)

// deskSite is a site with an account, whose clock stands still.
type deskSite struct {
	*site
	clock *storetest.Clock
	acc   *callbackd.Account
}

func newDeskSite(t *testing.T) *deskSite {
	t.Helper()
	clock := storetest.NewClock()
	clock.Advance(time.Since(clock.Now())) // sessions count by the wall clock
	s := &deskSite{site: newSiteWith(t, clock.Now, func(c *handlers.Config) {}), clock: clock}
	s.acc = s.deskAccount("spring")
	return s
}

func (s *deskSite) deskAccount(slug callbackd.Slug) *callbackd.Account {
	s.Helper()
	a := &callbackd.Account{Slug: slug, Name: "春晚 " + string(slug), OriginalID: "gh_0123456789ab", Token: "token", Mode: callbackd.ModePlain, Moderation: callbackd.ModerationHold}
	s.must(s.db.InsertAccount(context.Background(), a, "test"))
	return a
}

// deskClient is a browser on the desk: a cookie, and the token of its forms.
type deskClient struct {
	s            *deskSite
	cookie, csrf string
	header       http.Header // sent with every request
}

func (s *deskSite) stranger() *deskClient { return &deskClient{s: s, header: http.Header{}} }

func (s *deskSite) as(o *callbackd.Operator, l *callbackd.ModeratorLink) *deskClient {
	s.Helper()
	c := s.stranger()
	c.cookie, c.csrf = s.handlers.DeskSession(s.T, o, l)
	return c
}

func (s *deskSite) operator(name string, g callbackd.Grant) *callbackd.Operator {
	s.Helper()
	o, err := s.db.InsertOperator(context.Background(), name, "", g, "test")
	s.must(err)
	return o
}

func (s *deskSite) owner() *callbackd.Operator {
	return s.operator("所有者", callbackd.Grant{Everything: true})
}

func (s *deskSite) link(a *callbackd.Account, label string) *callbackd.ModeratorLink {
	s.Helper()
	digest := []byte(callbackd.NewPublicID())
	_, err := s.db.InsertModeratorLink(context.Background(), a.ID, label, digest, s.clock.Now().Add(time.Hour), "test")
	s.must(err)
	l, err := s.db.OpenModeratorLink(context.Background(), digest, "test")
	s.must(err)
	return l
}

// answer is what a browser got; redirects are not followed.
type answer struct {
	code     int
	location string
	body     string
	header   http.Header
}

func (c *deskClient) do(method, path string, form url.Values) answer {
	c.s.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, c.s.http.URL+path, body)
	c.s.must(err)
	for k, v := range c.header {
		req.Header[k] = v
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "desk", Value: c.cookie})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := http.DefaultTransport.RoundTrip(req.WithContext(ctx))
	c.s.must(err)
	defer resp.Body.Close()
	for _, k := range resp.Cookies() {
		if k.Name == "desk" {
			c.cookie = k.Value
		}
	}
	out := answer{code: resp.StatusCode, location: resp.Header.Get("Location"), header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return out // it does not end
	}
	b, err := io.ReadAll(resp.Body)
	c.s.must(err)
	out.body = string(b)
	return out
}

var csrfField = regexp.MustCompile(`name="csrf" content="([^"]+)"`)

func (c *deskClient) get(path string) answer {
	c.s.Helper()
	a := c.do(http.MethodGet, path, nil)
	if m := csrfField.FindStringSubmatch(a.body); m != nil {
		c.csrf = m[1]
	}
	return a
}

// post sends a form with its token: name, value, name, value …
func (c *deskClient) post(path string, pairs ...string) answer {
	c.s.Helper()
	form := url.Values{"csrf": {c.csrf}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return c.do(http.MethodPost, path, form)
}

// want fails unless an answer has a status, and, where it leads on, a place.
func (s *deskSite) want(what string, a answer, code int, location string) {
	s.Helper()
	if a.code != code || a.location != location {
		s.Errorf("%s: %d %q, want %d %q", what, a.code, a.location, code, location)
	}
}

// eventStream is a page that listens.
type eventStream struct {
	s    *deskSite
	body *bufio.Reader
}

func (c *deskClient) listen(path string) *eventStream {
	c.s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	c.s.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.s.http.URL+path, nil)
	c.s.must(err)
	req.AddCookie(&http.Cookie{Name: "desk", Value: c.cookie})
	resp, err := http.DefaultTransport.RoundTrip(req)
	c.s.must(err)
	c.s.Cleanup(func() { resp.Body.Close() })
	return &eventStream{c.s, bufio.NewReader(resp.Body)}
}

// next reads one event.
func (e *eventStream) next() string {
	e.s.Helper()
	var all strings.Builder
	for {
		line, err := e.body.ReadString('\n')
		e.s.must(err)
		if line == "\n" {
			return all.String()
		}
		all.WriteString(line)
	}
}

// rest reads until the stream ends.
func (e *eventStream) rest() []byte {
	e.s.Helper()
	b, err := io.ReadAll(e.body)
	e.s.must(err)
	return b
}
