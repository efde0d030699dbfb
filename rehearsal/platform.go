package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// Options make a Platform.
type Options struct {
	Seed int64            // 0 is a seed like any other
	Now  func() time.Time // the platform's clock; nil: time.Now. Everything follows it
	Log  *slog.Logger     // nil: discards

	PageSkew     Range // ConsoleAt − CreateTime; −2…+10 s in the wild
	ListingDelay Range // from the push to the operator pages; 0–5 s in the wild
	PushDelay    Range // from CreateTime to the push; 0–10 s

	// Timeout is how long the platform waits for the answer to a push before
	// it cuts the connection; 0: 5 s.
	Timeout time.Duration
	// RepeatPause is between a delivery that failed (refused, not 200) and the
	// next; one that was cut is repeated at once. The platform's is not known.
	RepeatPause time.Duration
	// BaseURL is where Handler is reached, for PicUrl, video_url and headimgurl
	// (always http). It may be set later with SetBaseURL.
	BaseURL string
}

// Platform is the simulated platform. All methods may be called concurrently.
type Platform struct {
	opts    Options
	log     *slog.Logger
	now     func() time.Time
	client  *http.Client
	handler http.Handler
	// deadline is how long a receiver has for its answer; tests end it by hand
	deadline func(context.Context) (context.Context, context.CancelFunc)

	mu       sync.Mutex // guards all below, and every Account and Follower
	baseURL  string
	accounts []*Account
	people   map[callbackd.FakeID]*Follower
	verdicts []Verdict
	counts   map[counterKey]int
	videos   map[string]*Asset // by the name in video_url
	pictures map[string]*Asset // by the name in PicUrl
	oauth    oauthState
	qr       qrDesk // logins by picture, see mp_qr.go
}

// New makes a platform without accounts and people.
func New(o Options) *Platform {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	p := &Platform{
		opts: o, log: o.Log, now: o.Now, baseURL: o.BaseURL,
		people: map[callbackd.FakeID]*Follower{},
		counts: map[counterKey]int{},
		videos: map[string]*Asset{}, pictures: map[string]*Asset{},
	}
	p.client = newPushClient()
	p.deadline = func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, o.Timeout)
	}
	p.handler = p.routes()
	return p
}

// Handler answers for the API host, the operator pages' host, the open host
// and the picture hosts: their paths do not meet, so all --wechat-*-url
// settings may point at one listener.
func (p *Platform) Handler() http.Handler { return p.handler }

func (p *Platform) routes() http.Handler {
	r := chi.NewRouter()
	p.routeAPI(r)
	p.routeOperatorPages(r)
	p.routeConsole(r)
	return r
}

// Now is the platform's clock.
func (p *Platform) Now() time.Time { return p.now() }

// SetBaseURL says where Handler is reached once a listener has an address.
func (p *Platform) SetBaseURL(u string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.baseURL = u
}

// baseLocked is the address of the platform's own hosts; the real one while
// nobody has said where Handler listens.
func (p *Platform) baseLocked(otherwise string) string {
	if p.baseURL == "" {
		return otherwise
	}
	return p.baseURL
}

// AddFollower makes a person known to the platform. A number that is empty is
// drawn from the seed; one that is taken is an error.
func (p *Platform) AddFollower(f Follower) (Follower, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for try, n := 0, len(p.people); f.Number == ""; try++ {
		digits := 7 + int(number(p.opts.Seed, "digits", n, try)%4)
		drawn := callbackd.FakeID(decimal(p.opts.Seed, digits, "number", n, try))
		if p.people[drawn] == nil {
			f.Number = drawn
		}
	}
	if p.people[f.Number] != nil {
		return Follower{}, fmt.Errorf("add follower: number is taken: %w", callbackd.ErrConflict)
	}
	if f.Avatar != nil && f.AvatarTag == "" {
		f.AvatarTag = word(p.opts.Seed, 48, "avatar", f.Number, 0)
	}
	p.people[f.Number] = &f
	return f, nil
}

// SetProfile changes a person: a new nickname, a new picture (which gets a new
// AvatarTag). Accounts see it at once.
func (p *Platform) SetProfile(number callbackd.FakeID, change func(*Follower)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.people[number]
	if f == nil {
		return fmt.Errorf("set profile: %w", callbackd.ErrNotFound)
	}
	next := *f
	change(&next)
	next.Number = number
	if string(next.Avatar) != string(f.Avatar) {
		next.AvatarTag = word(p.opts.Seed, 48, "avatar", number, digest(0, next.Avatar))
	}
	*f = next
	return nil
}

// Account finds an account by slug; nil when there is none.
func (p *Platform) Account(slug callbackd.Slug) *Account {
	return p.find(func(a *Account) bool { return a.Config.Slug == slug })
}

// AccountByUsername finds the account whose operator logs in under a name.
func (p *Platform) AccountByUsername(name string) *Account {
	return p.find(func(a *Account) bool { return a.Config.MP != nil && a.Config.MP.Username == name })
}

// Accounts lists all accounts in the order in which they were added.
func (p *Platform) Accounts() []*Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Account(nil), p.accounts...)
}

func (p *Platform) find(match func(*Account) bool) *Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.findLocked(match)
}

func (p *Platform) findLocked(match func(*Account) bool) *Account {
	for _, a := range p.accounts {
		if match(a) {
			return a
		}
	}
	return nil
}

// Platform returns the platform that the account belongs to.
func (a *Account) Platform() *Platform { return a.p }

// SetCallbackURL says where the account's pushes go.
func (a *Account) SetCallbackURL(u string) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.callbackURL = u
}

// JSON is the account as `callbackd account add --from` takes it.
func (a *Account) JSON() []byte {
	c := a.Config
	server := a.Server()
	c.Token, c.AESKey, c.Mode = server.Token, server.AESKey, server.Mode
	type mp struct {
		Username string            `json:"username"`
		Password string            `json:"password"`
		Dialect  callbackd.Dialect `json:"dialect"`
	}
	out := struct {
		Name       string               `json:"name"`
		OriginalID string               `json:"original_id"`
		AppID      string               `json:"app_id,omitempty"`
		AppSecret  string               `json:"app_secret,omitempty"`
		Token      string               `json:"token"`
		AESKey     string               `json:"aes_key,omitempty"`
		Mode       callbackd.Mode       `json:"mode"`
		Moderation callbackd.Moderation `json:"moderation,omitempty"`
		JoinURL    string               `json:"join_url,omitempty"`
		Owner      string               `json:"owner,omitempty"`
		MPWeb      *mp                  `json:"mpweb,omitempty"`
		Resolve    []callbackd.Strategy `json:"resolve,omitempty"`
		noticesJSON
	}{c.Name, c.OriginalID, c.AppID, c.AppSecret, c.Token, c.AESKey, c.Mode,
		c.Settings.Moderation, c.Settings.JoinURL, c.Settings.Owner, nil, c.Settings.Resolve, c.Settings.noticesJSON()}
	if c.API.None {
		out.AppSecret = ""
		if !c.Mode.Encrypted() { // the ciphertext ends in the appid, so encrypted modes need it
			out.AppID = ""
		}
	}
	if c.MP != nil {
		out.MPWeb = &mp{c.MP.Username, c.MP.Password, c.MP.Dialect}
	}
	b, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return append(b, '\n')
}

// noticesJSON is what the account's JSON says of notices; the defaults are absent.
type noticesJSON struct {
	Detection string                    `json:"mention_detection,omitempty"`
	Switch    string                    `json:"receive_switch,omitempty"`
	Exclusive string                    `json:"mention_exclusive,omitempty"`
	Template  *callbackd.NoticeTemplate `json:"notice_template,omitempty"`
}

func (s Settings) noticesJSON() noticesJSON {
	out := noticesJSON{Template: s.Notices.Template}
	if s.Notices.Group.IgnoreMentions {
		out.Detection = "off"
	}
	if s.Notices.Group.NoReceiveSwitch {
		out.Switch = "off"
	}
	if s.Notices.Group.MentionExclusive {
		out.Exclusive = "on"
	}
	return out
}
