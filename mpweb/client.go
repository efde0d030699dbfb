package mpweb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"callbackd"
)

// DefaultBaseURL is where the platform's operator pages are.
const DefaultBaseURL = "https://mp.weixin.qq.com"

const (
	saveTimeout    = 10 * time.Second
	defaultPace    = 200 * time.Millisecond
	defaultBackoff = time.Hour
	maxBackoffs    = 24 // a back-off is at most so many times the first one
)

// Config is what a Client needs.
type Config struct {
	BaseURL   string        // scheme and host of the operator pages; default DefaultBaseURL
	Pace      time.Duration // least time between two requests of one session; default 200 ms
	Backoff   time.Duration // first silence after frequency control, doubling from there; default 1 h
	UserAgent string        // default: that of a desktop browser
	HTTP      *http.Client  // its Transport is used; default http.DefaultTransport
	Sessions  SessionStore

	// Keep is given each page that was read (no files), without tokens, tickets,
	// cookies and passwords. May be nil.
	Keep func(ctx context.Context, account callbackd.AccountID, page string, body []byte)
	// Observe counts requests; page and outcome are from small fixed sets. May be nil.
	Observe func(account callbackd.Slug, page, outcome string)
	Log     *slog.Logger

	Now   func() time.Time                       // default time.Now
	After func(d time.Duration) <-chan time.Time // default time.After
}

// Client reads the operator pages. Requests of one account go one after the
// other; accounts do not wait for each other. It is safe for concurrent use.
type Client struct {
	base      *url.URL
	pace      time.Duration
	backoff   time.Duration
	userAgent string
	http      *http.Client
	sessions  SessionStore
	keep      func(context.Context, callbackd.AccountID, string, []byte)
	observe   func(callbackd.Slug, string, string)
	log       *slog.Logger
	now       func() time.Time
	after     func(time.Duration) <-chan time.Time

	mu    sync.Mutex // guards gates
	gates map[callbackd.AccountID]*gate
}

// gate lets one request of an account through at a time.
type gate struct {
	turn chan struct{} // holds one token; who has it may send
	next time.Time     // no request before; guarded by turn
	qr   atomic.Bool   // somebody is at the QR login of this account
}

// enter waits for the account's turn.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) leave() { <-g.turn }

// New makes a client. It refuses a base URL that is not http or https.
func New(cfg Config) (*Client, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("operator pages: %q is no http address: %w", cfg.BaseURL, callbackd.ErrInvalid)
	}
	if cfg.Sessions == nil {
		return nil, fmt.Errorf("operator pages: no session store: %w", callbackd.ErrInvalid)
	}
	c := &Client{
		base: &url.URL{Scheme: base.Scheme, Host: base.Host}, pace: cfg.Pace, backoff: cfg.Backoff,
		userAgent: cfg.UserAgent, sessions: cfg.Sessions, keep: cfg.Keep, observe: cfg.Observe,
		log: cfg.Log, now: cfg.Now, after: cfg.After, gates: map[callbackd.AccountID]*gate{},
	}
	c.http = &http.Client{CheckRedirect: c.sameHostOnly}
	if cfg.HTTP != nil {
		c.http.Transport = cfg.HTTP.Transport
	}
	c.defaults()
	return c, nil
}

func (c *Client) defaults() {
	if c.pace <= 0 {
		c.pace = defaultPace
	}
	if c.backoff <= 0 {
		c.backoff = defaultBackoff
	}
	if c.userAgent == "" {
		c.userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
	}
	if c.keep == nil {
		c.keep = func(context.Context, callbackd.AccountID, string, []byte) {}
	}
	if c.observe == nil {
		c.observe = func(callbackd.Slug, string, string) {}
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.after == nil {
		c.after = time.After
	}
}

var errOffHost = errors.New("redirect to another host")

// sameHostOnly follows a redirect on the platform itself only: the cookies of
// an operator go nowhere else.
func (c *Client) sameHostOnly(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != c.base.Scheme || r.URL.Host != c.base.Host {
		return errOffHost
	}
	if len(via) >= 5 {
		return errors.New("too many redirects")
	}
	return nil
}

func (c *Client) gate(id callbackd.AccountID) *gate {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.gates[id]
	if !ok {
		g = &gate{turn: make(chan struct{}, 1)}
		c.gates[id] = g
	}
	return g
}

// Status tells where the account's session stands, without any request.
func (c *Client) Status(ctx context.Context, acc *callbackd.Account) (Status, error) {
	s, err := c.load(ctx, acc)
	if err != nil {
		return Status{}, err
	}
	return s.status(), nil
}

// fetch sends one request in the account's turn. It logs in where nobody is
// logged in, and takes an ended session up once: one login by password, then
// the request again. build is called with the session that will be used.
func (c *Client) fetch(ctx context.Context, acc *callbackd.Account, build func(*session) request) (answer, error) {
	if acc.MPWeb == nil {
		return answer{}, ErrOff
	}
	g := c.gate(acc.ID)
	if err := g.enter(ctx); err != nil {
		return answer{}, err
	}
	defer g.leave()
	s, err := c.load(ctx, acc)
	if err != nil {
		return answer{}, err
	}
	tried, loggedIn := map[string]bool{}, false
	for {
		if err := c.quiet(s); err != nil {
			return answer{}, err
		}
		if s.state != SessionOK {
			if loggedIn {
				return answer{}, ErrEnded
			}
			if s, err = c.login(ctx, acc, g, s); err != nil {
				return answer{}, err
			}
			loggedIn = true
		}
		tried[s.token] = true
		a, trouble, err := c.ask(ctx, acc, g, s, build(s))
		if err != nil {
			return answer{}, err
		}
		if trouble != TroubleEnded {
			return a, c.settle(ctx, acc, s, a, trouble)
		}
		if s, err = c.lost(ctx, acc, s, tried); err != nil {
			return answer{}, err
		}
	}
}

// lost looks whether somebody (another process, a QR login) has logged in
// meanwhile; else it notes that the session is over.
func (c *Client) lost(ctx context.Context, acc *callbackd.Account, s *session, tried map[string]bool) (*session, error) {
	stored, err := c.load(ctx, acc)
	if err != nil {
		return nil, err
	}
	if stored.state == SessionOK && !tried[stored.token] && len(tried) < 3 {
		return stored, nil
	}
	if stored.state == SessionNeedsHuman {
		return stored, nil
	}
	c.log.Info("operator session ended", "account", acc.Slug)
	s.state, s.reason = SessionEnded, ""
	return s, c.save(ctx, acc, s)
}

// settle notes what an answer means for the session. Where somebody has logged
// in meanwhile, theirs stays.
func (c *Client) settle(ctx context.Context, acc *callbackd.Account, s *session, a answer, t Trouble) error {
	if t == TroubleNone && s.quietSteps == 0 && !a.changed {
		return nil
	}
	stored, err := c.load(ctx, acc)
	if err != nil {
		return err
	}
	replaced := stored.token != s.token && stored.state == SessionOK
	switch {
	case t == TroubleFrequency && replaced:
		return c.beQuiet(ctx, acc, stored)
	case t == TroubleFrequency:
		return c.beQuiet(ctx, acc, s)
	case t == TroubleCaptcha && replaced:
		return &NeedsHumanError{Reason: ReasonCaptcha}
	case t == TroubleCaptcha:
		return c.needHuman(ctx, acc, s, ReasonCaptcha)
	case replaced:
		return nil
	}
	s.quietSteps, s.quietUntil = 0, time.Time{}
	return c.save(ctx, acc, s)
}

// quiet refuses a request while the platform wants none.
func (c *Client) quiet(s *session) error {
	if left := s.quietUntil.Sub(c.now()); left > 0 {
		return &FrequencyError{After: left}
	}
	return nil
}

// beQuiet starts a back-off: the first one, then twice as long each time until
// a request succeeds again.
func (c *Client) beQuiet(ctx context.Context, acc *callbackd.Account, s *session) error {
	d := c.backoff << min(s.quietSteps, 5)
	d = min(d, maxBackoffs*c.backoff)
	s.quietSteps++
	s.quietUntil = c.now().Add(d)
	c.log.Warn("operator pages under frequency control", "account", acc.Slug, "dur", d)
	if err := c.save(ctx, acc, s); err != nil {
		return err
	}
	return &FrequencyError{After: d}
}

// needHuman remembers that only a person can log in, so that nobody hammers.
func (c *Client) needHuman(ctx context.Context, acc *callbackd.Account, s *session, reason string) error {
	s.state, s.reason = SessionNeedsHuman, reason
	s.noteCredentials(acc.MPWeb)
	err := error(&NeedsHumanError{Reason: reason})
	c.log.Error("operator login needs a human", "account", acc.Slug, "err", err)
	if saveErr := c.save(ctx, acc, s); saveErr != nil {
		return saveErr
	}
	return err
}
