// Package live carries the changes of walls to the browsers that have them
// open, and notices to the devices of viewers: one channel per wall and one per
// device, centrifuge's JSON protocol over WebSocket.
//
// It is a doorbell, not a store: the rows of the database are the truth, and a
// page that doubts reads them. What it keeps is a short history of walls in
// memory for short gaps, from which everything goes when something is taken
// down; of devices it keeps nothing. It decides nothing about what may be seen
// and by whom: callers hand it what the gate let through, Devices says who may
// listen to a device.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"callbackd"
)

// Config says how a Hub behaves. The zero value of a limit means its default.
type Config struct {
	Log *slog.Logger // nil: nothing is logged

	// AllowOrigin judges the Origin of a WebSocket handshake; nil: the Origin's
	// host must be the request's.
	AllowOrigin func(*http.Request) bool

	// WallExists reports whether there is a public wall of this slug. Asked
	// once per subscription; nil: there is none.
	WallExists func(callbackd.Slug) bool

	// Identify says whose the connection of a handshake is, by its cookie or
	// Authorization; 0: nobody's in particular. Asked once per handshake; nil:
	// everybody is nobody in particular.
	Identify func(*http.Request) callbackd.ViewerID

	// ScreensChanged is told when a screen reported or is gone, and must return
	// soon; nil: nobody is.
	ScreensChanged func()

	// Devices decides about the devices of viewers; nil: there are no device
	// channels and no calls. SetDevices sets it later.
	Devices Devices

	MaxConnections int           // open sockets, default 20000
	HistorySize    int           // changes kept per wall, default 300
	HistoryTTL     time.Duration // how long they are kept, whole seconds, default 5 minutes
	PingInterval   time.Duration // default 20 s; a client that does not answer within two fifths of it is dropped
	QueueBytes     int           // unsent bytes after which a slow reader is dropped, default 512 KiB
	WriteTimeout   time.Duration // a socket that takes no byte for so long is dropped, default 5 s
}

const (
	maxFrame      = 8 << 10          // bytes that a client may send in one frame
	maxChannels   = 8                // subscriptions of one connection
	maxChannelLen = 64               // "wall:" and a slug of at most 40, "device:" and an id of 20
	staleAfter    = 10 * time.Second // a socket that has not said connect by then is dropped
	stopWithin    = 5 * time.Second  // for saying goodbye to everybody
)

func (c *Config) setDefaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.WallExists == nil {
		c.WallExists = func(callbackd.Slug) bool { return false }
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = 20000
	}
	if c.HistorySize <= 0 {
		c.HistorySize = 300
	}
	if c.HistoryTTL <= 0 {
		c.HistoryTTL = 5 * time.Minute
	}
	if c.Identify == nil {
		c.Identify = func(*http.Request) callbackd.ViewerID { return 0 }
	}
	if c.PingInterval <= 0 {
		c.PingInterval = 20 * time.Second // claim 5 of CN104125141A: with the 8 s below, down after 28 s
	}
	if c.QueueBytes <= 0 {
		c.QueueBytes = 512 << 10
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 5 * time.Second
	}
}

// pongTimeout is how long a client may take to answer a ping.
func (c *Config) pongTimeout() time.Duration { return c.PingInterval * 2 / 5 }

// Hub holds the connections of viewers and the channels of walls and devices.
// Make it with New, then keep Run running for as long as it is used.
type Hub struct {
	cfg       Config
	node      *centrifuge.Node
	socket    http.Handler
	open      atomic.Int64 // sockets that are open
	running   atomic.Bool
	walls     walls
	listeners listeners
	screens   screens
	crew      *crew
	limits    limits
}

// New returns a Hub that is not running yet.
func New(cfg Config) (*Hub, error) {
	cfg.setDefaults()
	registry := prometheus.NewRegistry() // its own: the library's numbers are not ours to show
	node, err := centrifuge.New(centrifuge.Config{
		Name:                            "callbackd",
		LogLevel:                        centrifuge.LogLevelWarn,
		LogHandler:                      logTo(cfg.Log),
		Metrics:                         centrifuge.MetricsConfig{RegistererGatherer: registry},
		ClientStaleCloseDelay:           staleAfter,
		ClientQueueMaxSize:              cfg.QueueBytes,
		ClientChannelLimit:              maxChannels,
		ChannelMaxLength:                maxChannelLen,
		RecoveryMaxPublicationLimit:     cfg.HistorySize,
		ClientChannelPositionCheckDelay: 40 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("make live node: %w", err)
	}
	h := &Hub{cfg: cfg, node: node, crew: newCrew(), limits: limits{open: openWithin, call: callWithin, stop: stopWithin}}
	h.listeners.there, h.listeners.byDevice = isSubscribed, map[callbackd.PublicID]*deviceChannel{}
	h.screens.changed = cfg.ScreensChanged
	h.screens.of = map[*guest]hung{}
	h.walls.byChannel = map[string]*wallChannel{}
	node.OnConnecting(h.connecting)
	node.OnCommandRead(h.commandRead)
	node.OnConnect(h.connected)
	h.socket = centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:      cfg.AllowOrigin,
		MessageSizeLimit: maxFrame,
		WriteTimeout:     cfg.WriteTimeout,
		PingPongConfig: centrifuge.PingPongConfig{
			PingInterval: cfg.PingInterval,
			PongTimeout:  cfg.pongTimeout(),
		},
	})
	return h, nil
}

// Run carries changes and frames until ctx ends, then closes every connection
// and returns when that is done and the last call of Devices is over. A Hub runs
// once.
func (h *Hub) Run(ctx context.Context) error {
	if err := h.node.Run(); err != nil {
		return fmt.Errorf("start live node: %w", err)
	}
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx)) // what was said before the end is still heard
	defer giveUp()
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		h.crew.run(work)
	}()
	h.running.Store(true)
	<-ctx.Done()
	h.running.Store(false)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.limits.stop)
	defer cancel()
	err := h.node.Shutdown(stop)
	h.crew.close()
	select {
	case <-idle:
	case <-stop.Done():
		giveUp()
		<-idle
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop live node: %w", err)
	}
	return nil
}

// Ready reports whether the Hub runs and takes connections and changes.
func (h *Hub) Ready() bool { return h.running.Load() }

// Connections returns how many sockets are open now.
func (h *Hub) Connections() int { return int(h.open.Load()) }

// logTo hands the library's warnings to log, without its fields: they may hold
// what a stranger sent.
func logTo(log *slog.Logger) centrifuge.LogHandler {
	return func(e centrifuge.LogEntry) {
		switch {
		case e.Level >= centrifuge.LogLevelError && e.Error != nil:
			log.Error("live: library error", "err", e.Error)
		case e.Level >= centrifuge.LogLevelError:
			log.Error("live: library error", "what", e.Message)
		default:
			log.Debug("live: library warning", "what", e.Message)
		}
	}
}
