// Package handlers is the HTTP side: chi routes, one file per page or endpoint,
// and one function that turns an error into an answer (errors.go). A handler
// parses, makes one store or pure call, and renders; it holds no SQL and no
// business rule.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"

	"callbackd"
	"callbackd/blob"
	"callbackd/doctor"
	"callbackd/live"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/wall"
	"callbackd/web"
	"callbackd/wechat"
)

// Config is what the endpoints need.
type Config struct {
	DB             *store.DB
	Blobs          blob.Bucket
	Live           Live
	PublicURL      *url.URL
	TrustedProxies []netip.Prefix
	Log            *slog.Logger
	Metrics        prometheus.Registerer
	// Ready reports whether this node takes part; nil: always.
	Ready func() bool
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	// Notices tells followers of messages; nil: there is no API for viewers.
	Notices Notices
	// Presence knows which devices listen to their live channels; nil: none does.
	Presence Presence
	// Alerts tells operators' browsers by Web Push what needs a human; nil: nobody is told.
	Alerts push.Sender
	// NeedsLogin tells whether an account's operator pages wait for somebody to log
	// in; nil: never.
	NeedsLogin func(ctx context.Context, a *callbackd.Account) (bool, error)
	// DiskFree tells how much of the disk of the data folder is free, in per cent;
	// nil: it is not watched.
	DiskFree func() (int, error)
	// Doctor checks an account from the desk; nil: the desk offers it not.
	Doctor *doctor.Doctor
	// PagesLogin logs in to the operator pages by QR; nil: the desk offers it not.
	PagesLogin PagesLogin
	// CreateQR makes a QR with a scene on the platform; nil: bindings have a code alone.
	CreateQR  func(ctx context.Context, a *callbackd.Account, scene string, expire time.Duration) (wechat.QR, error)
	PushHosts push.Hosts // where Web Push endpoints may be
	PushKey   string     // what browsers subscribe with; empty: no Web Push
}

// Live is what the endpoints need of the live hub.
type Live interface {
	Handler() http.Handler // of the WebSocket
	// DropViewer ends the connections of a viewer, DropDevice those to a device.
	DropViewer(callbackd.ViewerID)
	DropDevice(callbackd.PublicID)
	// Screens are the open pages of a wall, by name.
	Screens(callbackd.Slug) []live.Screen
	// Pages is how many pages of a wall are open.
	Pages(callbackd.Slug) int
}

// Presence is what the endpoints ask of devices' presences.
type Presence interface {
	Get([]callbackd.DeviceID) []notify.Seen
}

var (
	_ Live     = (*live.Hub)(nil)
	_ Notices  = (*notify.Service)(nil)
	_ Presence = (notify.Presences)(nil)
)

// Handlers answers all public requests.
type Handlers struct {
	Config
	accounts *accountCache
	visits   *visits
	errands  *errands
	throttle *throttle
	metrics  *metrics
	pulses   *pulses
	vitals   vitals
	filters  *wall.Filters
	sessions *scs.SessionManager // of the desk
	seen     sightings
	alerts   alerts

	closing context.Context // ends when streams must: a server that stops does not wait for them
	close   context.CancelFunc
}

// CloseStreams ends whatever the desk's pages listen to; they come back.
func (h *Handlers) CloseStreams() { h.close() }

// New returns the endpoints. Run keeps what they remember fresh.
func New(cfg Config) *Handlers {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Ready == nil {
		cfg.Ready = func() bool { return true }
	}
	h := &Handlers{Config: cfg, accounts: newAccountCache(cfg.DB), visits: newVisits(cfg.DB, cfg.Log), errands: newErrands(cfg.DB),
		throttle: newThrottle(cfg.Now, throttleKeys), metrics: newMetrics(cfg.Metrics), pulses: &pulses{}, filters: wall.NewFilters(cfg.DB, cfg.Log)}
	h.sessions = h.newSessions()
	h.closing, h.close = context.WithCancel(context.Background())
	return h
}

// Run forgets accounts when they change and writes down who visited, until ctx ends.
func (h *Handlers) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { h.visits.run(ctx) })
	parts.Go(func() { h.watchAlarms(ctx) })
	parts.Go(func() { h.runPulses(ctx) })
	parts.Go(func() { _ = h.filters.Run(ctx) }) // ends with ctx, without an error
	defer func() {
		h.close() // what pages set going ends with them
		h.errands.group.Wait()
		parts.Wait()
	}()
	return h.accounts.run(ctx, h.visits.forget)
}

// Router returns the public routes.
func (h *Handlers) Router() http.Handler {
	r := chi.NewRouter()
	r.Use(h.recovered, h.secured)
	r.NotFound(h.page(func(w http.ResponseWriter, r *http.Request) error { return errNoSuchPage }))
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	})
	r.Handle("/live/websocket", h.Live.Handler()) // sets its own limits
	r.Group(func(r chi.Router) {
		r.Use(within(longAnswer))
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r.Method(method, "/media/{id}", h.plain(h.showMedia))
			r.Method(method, "/avatar/{id}", h.plain(h.showAvatar))
			r.Method(method, "/picture/{id}", h.plain(h.showPicture))
		}
	})
	r.Group(func(r chi.Router) {
		r.Use(within(shortAnswer))
		h.routeShort(r)
	})
	return r
}

func (h *Handlers) routeShort(r chi.Router) {
	r.Get("/", h.page(h.showIndex))
	for _, path := range []string{"/callback/{account}", "/callback/{account}/"} {
		r.Get(path, h.plain(h.showCallback))
		r.Post(path, h.plain(h.doCallback))
	}
	r.Get("/style/{event}.css", h.plain(h.showStyle))
	r.Get("/wall/{account}", h.page(h.showWall))
	r.Get("/wall/{account}/", h.page(h.showWall))
	r.Get("/wall/{account}/me", h.page(h.showMe))
	r.Get("/wall/{account}/manifest.webmanifest", h.plain(h.showManifest))
	r.Get("/wall/{account}/messages", h.json(h.showMessages))
	r.Get("/wall/{account}/changes", h.json(h.showChanges))
	r.Get("/wall/{account}/join.png", h.plain(h.showJoinPNG))
	r.Get("/wall/{account}/join.svg", h.plain(h.showJoinSVG))
	r.Handle("/static/*", web.Static())
	r.Handle("/sw.js", web.ServiceWorker())
	r.Get("/desk-worker.js", web.DeskWorker().ServeHTTP)
	if h.Notices != nil {
		r.Route("/api/v1", h.routeAPI)
	}
	r.Get("/MP_verify_{code:[A-Za-z0-9]+}.txt", h.plain(h.showMPVerify))
	r.Route("/desk", h.routeDesk)
	r.Get("/healthz", h.plain(h.showHealth))
	r.Get("/readyz", h.plain(h.showReady))
}

// secured sets the headers that every answer carries.
func (h *Handlers) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Content-Security-Policy", web.CSP)
		if r.TLS != nil && h.PublicURL.Scheme == "https" {
			head.Set("Strict-Transport-Security", strictTransport)
		}
		next.ServeHTTP(w, r)
	})
}
