package notify

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callbackd"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/wechat"
)

// Channel is the live connection to devices; package live has it.
type Channel interface {
	// SendToDevice hands a frame to a device; false: it does not listen.
	SendToDevice(device callbackd.PublicID, frame []byte) bool
}

// Carrier hands alerts to the vendors' notification servers.
type Carrier interface {
	// Has reports whether this installation can use a vendor.
	Has(callbackd.Provider) bool
	// Send renders an alert and hands it over, once.
	Send(ctx context.Context, d callbackd.Device, a Alert, level callbackd.Level, ttl time.Duration) push.Result
}

// Messenger writes to followers in WeChat.
type Messenger interface {
	SendText(ctx context.Context, a *callbackd.Account, to callbackd.OpenID, text string) error
	SendTemplate(ctx context.Context, a *callbackd.Account, to callbackd.OpenID, t callbackd.NoticeTemplate, url, title, body string) (string, error)
}

var _ Messenger = (*wechat.Client)(nil)

// Config is what a Service works with.
type Config struct {
	DB        *store.DB
	Channel   Channel
	Vendors   Carrier
	WeChat    Messenger
	Presence  Presences // nil: in memory
	PublicURL *url.URL
	Timing    Timing
	Node      string // of this run, as the lock on the data folder names it; it has adopted what the run before left
	Log       *slog.Logger
	Metrics   prometheus.Registerer
	Now       func() time.Time // nil: the store's clock

	// Grace is how long devices have to come back after a start; 0: ReconnectGrace.
	Grace time.Duration
}

// Service tells followers. It keeps nothing that a row does not hold, but for
// what devices say of themselves (Presences).
type Service struct {
	Config
	machine  Machine
	metrics  *metrics
	wakes    wakes
	accounts accounts
	sends    *queue // to vendors and in WeChat, for the workers of Run
	ends     ends
	poll     time.Duration // pollDue
	early    atomic.Bool   // devices have not had Grace to come back
	stepped  time.Time     // when runChains last looked; of its goroutine alone
}

// sendsAtOnce is how many vendors are called at the same time.
const sendsAtOnce = 32

// New returns a Service that does nothing until Run.
func New(cfg Config) *Service {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = cfg.DB.Now
	}
	if cfg.Presence == nil {
		cfg.Presence = NewMemoryPresences(cfg.Now)
	}
	if cfg.Timing == (Timing{}) {
		cfg.Timing = DefaultTiming()
	}
	if cfg.Grace == 0 {
		cfg.Grace = ReconnectGrace
	}
	return &Service{Config: cfg, machine: NewMachine(cfg.Timing), metrics: newMetrics(cfg.Metrics), wakes: newWakes(),
		accounts: accounts{db: cfg.DB, known: map[callbackd.AccountID]*callbackd.Account{}},
		sends:    newQueue(), poll: pollDue, ends: ends{open: map[callbackd.PublicID]callbackd.Device{}}}
}

// Run tells of what is let through, and steps every chain that is due, until ctx
// ends and what was being sent has been answered.
func (s *Service) Run(ctx context.Context) error {
	s.early.Store(true)
	if err := s.resume(ctx); err != nil {
		return err
	}
	var parts sync.WaitGroup
	for range sendsAtOnce {
		parts.Go(func() { s.work(ctx) })
	}
	parts.Go(func() { s.runTeller(ctx) })
	parts.Go(func() { s.runChains(ctx) })
	parts.Wait()
	return nil
}

// work calls vendors. What has not begun when ctx ends stays as it is in its
// chain, and goes out after the next start.
func (s *Service) work(ctx context.Context) {
	for {
		send, ok := s.sends.take(ctx)
		if !ok {
			return
		}
		send(ctx)
	}
}

// wakes are the followers whose chains are to be looked at at once.
type wakes struct {
	mu   sync.Mutex // guards who
	who  map[callbackd.SenderID]bool
	bell chan struct{}
}

func newWakes() wakes {
	return wakes{who: map[callbackd.SenderID]bool{}, bell: make(chan struct{}, 1)}
}

func (w *wakes) add(id callbackd.SenderID) {
	w.mu.Lock()
	w.who[id] = true
	w.mu.Unlock()
	w.ring()
}

func (w *wakes) ring() { ring(w.bell) }

func (w *wakes) take() []callbackd.SenderID {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]callbackd.SenderID, 0, len(w.who))
	for id := range w.who {
		all = append(all, id)
	}
	clear(w.who)
	return all
}

// Changed says that something about a follower is different: preferences,
// devices, whom a viewer is bound to.
func (s *Service) Changed(_ context.Context, who callbackd.SenderID) { s.wakes.add(who) }

// accounts keeps accounts open between two changes of any of them.
type accounts struct {
	db    *store.DB
	mu    sync.Mutex // guards known
	known map[callbackd.AccountID]*callbackd.Account
}

func (a *accounts) get(ctx context.Context, id callbackd.AccountID) (*callbackd.Account, error) {
	a.mu.Lock()
	known := a.known[id]
	a.mu.Unlock()
	if known != nil {
		return known, nil
	}
	fresh, err := a.db.GetAccountByID(ctx, id)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.known[id] = fresh
	a.mu.Unlock()
	return fresh, nil
}

func (a *accounts) forget() {
	a.mu.Lock()
	clear(a.known)
	a.mu.Unlock()
}
