package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"callbackd"
)

const (
	callTimeout  = 10 * time.Second // of a call that answers JSON
	mediaTimeout = 2 * time.Minute  // of a whole file
	maxJSON      = 1 << 20          // bytes of a JSON answer
	maxMedia     = 32 << 20         // bytes of a file; the platform takes 10 MB
)

// Config says where the platform is. All of it may be zero.
type Config struct {
	APIURL  string // default https://api.weixin.qq.com
	MPURL   string // default https://mp.weixin.qq.com; QR pictures are there
	OpenURL string // of the web authorisation pages, which no call here uses yet
	HTTP    *http.Client
	Log     *slog.Logger
	Now     func() time.Time
}

// Client calls the official API. One client serves all accounts of a process
// and keeps one access token for each app id. It is safe for concurrent use.
//
// No error of it holds a token or a secret: URLs, which carry them, never get
// into an error, redirects (which would carry them on) are not followed, and
// what the platform says is searched for them.
type Client struct {
	api, mp string
	http    *http.Client
	log     *slog.Logger
	now     func() time.Time
	tokens  tokenKeeper

	callTimeout, mediaTimeout time.Duration
	maxJSON, maxMedia         int64
}

// NewClient returns a client; it does nothing until it is called.
func NewClient(cfg Config) *Client {
	c := &Client{
		api: baseURL(cfg.APIURL, "https://api.weixin.qq.com"),
		mp:  baseURL(cfg.MPURL, "https://mp.weixin.qq.com"),
		log: cfg.Log, now: cfg.Now,
		callTimeout: callTimeout, mediaTimeout: mediaTimeout,
		maxJSON: maxJSON, maxMedia: maxMedia,
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	var own http.Client // a copy: the caller's client stays as it is
	if cfg.HTTP != nil {
		own = *cfg.HTTP
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &own
	return c
}

func baseURL(given, otherwise string) string {
	if given == "" {
		given = otherwise
	}
	return strings.TrimRight(given, "/")
}

// request is one call of the API. A body makes it a POST of JSON.
type request struct {
	path    string
	query   url.Values
	body    any
	secrets []string // must not appear in an error
	words   []string // what a follower is told: an errmsg that repeats any of it is left out
}

// send makes the request and returns an answer of status 200. The context
// bounds the reading of the body too.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	method, body := http.MethodGet, []byte(nil)
	if r.body != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false) // the platform shows \u003c to the reader
		if err := enc.Encode(r.body); err != nil {
			return nil, fmt.Errorf("wechat %s: %w", r.path, err)
		}
		method, body = http.MethodPost, buf.Bytes()
	}
	req, err := http.NewRequestWithContext(ctx, method, c.api+r.path+"?"+r.query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, r.fail(err)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, r.fail(err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, &statusError{Call: r.path, Status: resp.StatusCode}
	}
	return resp, nil
}

// fail wraps a transport error without its URL. Where a secret is in its text
// all the same, only the hidden text is left of it.
func (r request) fail(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if text := err.Error(); hide(text, r.secrets) != text {
		err = errors.New(hide(text, r.secrets))
	}
	return fmt.Errorf("wechat %s: %w", r.path, err)
}

// getJSON makes a request and reads its JSON answer into v.
func (c *Client) getJSON(ctx context.Context, r request, v any) error {
	ctx, cancel := context.WithTimeout(ctx, c.callTimeout)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := readCapped(resp.Body, c.maxJSON)
	if err != nil {
		return r.fail(err)
	}
	return r.decode(raw, v)
}

// readCapped reads all of an answer, or says that it is too large: what is cut
// off would be a wrong answer.
func readCapped(from io.Reader, most int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(from, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > most {
		return nil, ErrTooLarge
	}
	return raw, nil
}

// decode reads a JSON answer whatever its Content-Type says. An errcode other
// than 0 is an APIError.
func (r request) decode(raw []byte, v any) error {
	// names that followers give themselves come with raw control characters,
	// which JSON forbids; outside of strings they are but spaces
	raw = bytes.Map(func(c rune) rune {
		if c < 0x20 {
			return ' '
		}
		return c
	}, bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	var e struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("wechat %s: %w", r.path, ErrAnswer) // err could quote the answer
	}
	if e.Code != 0 {
		if r.tells(e.Message) {
			e.Message = ""
		}
		return newAPIError(r.path, e.Code, e.Message, r.secrets)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("wechat %s: %w", r.path, ErrAnswer)
	}
	return nil
}

// tells reports whether a text repeats what a follower is told.
func (r request) tells(text string) bool {
	return slices.ContainsFunc(r.words, func(w string) bool { return w != "" && strings.Contains(text, w) })
}

// withToken makes a request with the account's access token. A token that is
// refused is renewed once and the request made once more; never in a loop.
func (c *Client) withToken(ctx context.Context, acc *callbackd.Account, r request, do func(context.Context, request) error) error {
	token, err := c.Token(ctx, acc)
	if err != nil {
		return err
	}
	err = do(ctx, r.with(acc, token))
	if !isTokenRefused(err) {
		return err
	}
	c.log.InfoContext(ctx, "access token refused, renewing it", "account", string(acc.Slug), "err", err)
	if token, err = c.renew(ctx, acc, token); err != nil {
		return err
	}
	return do(ctx, r.with(acc, token))
}

// with returns the request with a token in its query.
func (r request) with(acc *callbackd.Account, token string) request {
	q := url.Values{"access_token": {token}}
	for k, v := range r.query {
		q[k] = v
	}
	r.query = q
	r.secrets = append([]string{token, acc.AppSecret.Reveal()}, r.secrets...)
	return r
}

// call makes a request with a token and reads its JSON answer into v.
func (c *Client) call(ctx context.Context, acc *callbackd.Account, r request, v any) error {
	return c.withToken(ctx, acc, r, func(ctx context.Context, r request) error {
		return c.getJSON(ctx, r, v)
	})
}
