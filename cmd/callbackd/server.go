package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"callbackd"
	"callbackd/handlers"
	"callbackd/jobs"
	"callbackd/live"
	"callbackd/notify"
	"callbackd/wall"
)

// How long the end may take: together under the 10 s that a supervisor gives.
const (
	shutdownLimit = 5 * time.Second        // answering what is in flight
	drainLimit    = 2 * time.Second        // jobs that are running
	silenceLimit  = 500 * time.Millisecond // connections on which nobody has said anything
)

// server is a running callbackd. Each part is a Run that ends when its context
// does; phases say in which order they end.
type server struct {
	inst     *installation
	log      *slog.Logger
	ready    atomic.Bool
	handlers *handlers.Handlers
	hub      *live.Hub
	runner   *jobs.Runner
	publish  *wall.Publisher
	schedule *wall.Schedule
	vendors  *vendors
	notices  *notify.Service
	admin    http.Handler
	tls      encryption // of the public port
}

// newServer wires the packages together.
func newServer(ctx context.Context, inst *installation) (*server, error) {
	s := &server{inst: inst, log: inst.log}
	reg := newMetrics(inst.db)
	clients, err := newPlatformClients(inst, reg.mpwebRequest)
	if err != nil {
		return nil, err
	}
	s.hub, err = live.New(live.Config{Log: inst.log, AllowOrigin: allowOrigin(inst.cfg.HTTP.PublicURL), WallExists: func(slug callbackd.Slug) bool {
		_, err := inst.db.GetAccount(context.Background(), slug)
		return err == nil
	}, Identify: func(r *http.Request) callbackd.ViewerID { return s.handlers.Identify(r) }, ScreensChanged: inst.db.Knock})
	if err != nil {
		return nil, fmt.Errorf("start live channels: %w", err)
	}
	reg.MustRegister(&screenCounts{inst.db, s.hub})
	reg.gauge("callbackd_live_connections", "Open live connections.", func() float64 { return float64(s.hub.Connections()) })
	if s.vendors, err = newVendors(ctx, inst); err != nil {
		return nil, err
	}
	s.notices = s.newNotices(clients, reg)
	s.hub.SetDevices(s.notices)
	s.handlers = handlers.New(handlers.Config{DB: inst.db, Blobs: inst.blobs, Live: s.hub, PublicURL: inst.cfg.HTTP.PublicURL,
		TrustedProxies: inst.cfg.HTTP.TrustedProxies, Log: inst.log, Metrics: reg,
		Ready:  func() bool { return s.ready.Load() && s.hub.Ready() },
		Doctor: newDoctor(inst, clients), PagesLogin: pagesLogin(clients),
		Notices: s.notices, Presence: s.notices.Presence, CreateQR: clients.wechat.CreateQR,
		Alerts: s.vendors.Senders[callbackd.ProviderWebPush], NeedsLogin: needsLogin(clients), DiskFree: diskFree(inst.cfg.Storage.DataDir),
		PushHosts: s.vendors.Hosts, PushKey: s.vendors.webPush.PublicKey()})
	if s.publish, err = wall.NewPublisher(ctx, inst.db, s.hub, inst.log); err != nil {
		return nil, err
	}
	s.schedule = wall.NewSchedule(inst.db, inst.log)
	s.runner = jobs.New(inst.db, inst.lock.Node, drainLimit, inst.log)
	if err := registerJobs(ctx, s.runner, inst, clients); err != nil {
		return nil, err
	}
	s.admin = adminHandler(reg)
	return s, nil
}

// newNotices makes what tells followers.
func (s *server) newNotices(clients *platformClients, reg *metrics) *notify.Service {
	cfg := s.inst.cfg
	return notify.New(notify.Config{DB: s.inst.db, Channel: s.hub, Vendors: s.vendors.Vendors, WeChat: clients.wechat, PublicURL: cfg.HTTP.PublicURL,
		Timing: notify.Timing{Ack: cfg.Notices.Ack, VendorAck: cfg.Notices.VendorAck}, Node: s.inst.lock.Node,
		Log: s.log, Metrics: reg})
}

// run serves on ports until ctx ends, then answers what is in flight,
// lets jobs go on for a moment, and returns when everything has ended.
func (s *server) run(ctx context.Context, p ports) error {
	base := context.WithoutCancel(ctx)
	hubCtx, stopHub := context.WithCancel(base)
	partsCtx, stopParts := context.WithCancel(base)
	jobsCtx, stopJobs := context.WithCancel(base)
	defer stopHub()
	defer stopParts()
	defer stopJobs()

	failed := make(chan error, 12)
	var hub, parts, runner sync.WaitGroup
	start := func(group *sync.WaitGroup, name string, fn func(context.Context) error, ctx context.Context) {
		group.Go(func() {
			if err := fn(ctx); err != nil {
				failed <- fmt.Errorf("%s: %w", name, err)
			}
		})
	}
	start(&hub, "live channels", s.hub.Run, hubCtx)
	start(&parts, "watch for changes", s.inst.db.Watch, partsCtx)
	start(&parts, "publisher", s.publish.Run, partsCtx)
	start(&parts, "events", s.schedule.Run, partsCtx)
	start(&parts, "accounts", s.handlers.Run, partsCtx)
	start(&parts, "notices", s.notices.Run, partsCtx)
	start(&runner, "jobs", s.runner.Run, jobsCtx)

	servers := s.httpServers(p)
	var silent silentConns
	for _, srv := range servers {
		srv.ConnState = silent.watch
		start(&parts, "http", srv.serve, partsCtx)
	}
	start(&parts, "certificates", s.tls.run, partsCtx)
	s.ready.Store(true)
	s.log.Info("callbackd serves", "listen", p.public.Addr().String(), "admin", addressOf(p.admin), "url", s.inst.cfg.HTTP.PublicURL.String(),
		"tls", s.tls.name(), "http", addressOf(p.plain))

	var err error
	select {
	case <-ctx.Done():
		s.log.Info("callbackd ends")
	case err = <-failed:
	}
	s.ready.Store(false)
	s.handlers.CloseStreams()
	stopHub() // streams first: whoever watches is told to come back. Who does not listen holds up nobody
	limit, cancel := context.WithTimeout(base, shutdownLimit)
	defer cancel()
	defer time.AfterFunc(silenceLimit, silent.close).Stop()
	for _, srv := range servers {
		if e := srv.Shutdown(limit); e != nil {
			srv.Close()
		}
	}
	stopJobs()
	runner.Wait()
	stopParts()
	parts.Wait()
	hub.Wait()
	s.vendors.close()
	return err
}

func addressOf(l net.Listener) string {
	if l == nil {
		return "off"
	}
	return l.Addr().String()
}

// newHTTPServer bounds what a slow client can hold. Reading is short, because
// bodies are small; writing has no limit here, because films are long: the
// handlers of short answers set their own.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// httpServer answers on one port.
type httpServer struct {
	*http.Server
	listener net.Listener
}

// httpServers are those of all open ports.
func (s *server) httpServers(p ports) []*httpServer {
	var all []*httpServer
	add := func(l net.Listener, h http.Handler, c *tls.Config) {
		if l != nil {
			all = append(all, &httpServer{newHTTPServer(h, s.log), l})
			all[len(all)-1].TLSConfig = c
		}
	}
	add(p.public, s.handlers.Router(), s.tls.config)
	if p.plain != nil {
		add(p.plain, s.tls.plain(s.handlers.PlainRouter()), nil)
	}
	add(p.admin, s.admin, nil)
	return all
}

func (s *httpServer) serve(context.Context) error {
	var err error
	if s.TLSConfig != nil {
		err = s.ServeTLS(s.listener, "", "")
	} else {
		err = s.Serve(s.listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// takeUp goes on where the last server on this folder ended, however it ended:
// what it was running is ready again, what it left half made is gone.
func takeUp(ctx context.Context, inst *installation) error {
	if err := os.RemoveAll(inst.workDir()); err != nil {
		return fmt.Errorf("empty the work folder: %w", err)
	}
	if err := os.MkdirAll(inst.workDir(), 0o700); err != nil {
		return fmt.Errorf("make the work folder: %w", err)
	}
	n, err := inst.db.RescueJobs(ctx, inst.lock.Previous)
	if err != nil {
		return fmt.Errorf("take up jobs: %w", err)
	}
	if n > 0 {
		inst.log.Info("jobs of the last run go on", "jobs", n)
	}
	if err := inst.db.AdoptDeliveries(ctx, inst.lock.Node, inst.lock.Previous); err != nil {
		return fmt.Errorf("take up notices: %w", err)
	}
	return inst.lock.TakeOver()
}
