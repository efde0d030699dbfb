// Package walltest is a wall in memory for tests in a browser: the pages and
// the live hub are the real ones, what stands behind them is a slice. It speaks
// the contract's JSON and can be stopped, changed and started again, and its
// answers can be held back on their way.
//
// It is no store and has no gate: a test decides what is shown.
package walltest

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/live"
)

// Slug is the account of every Wall.
const Slug callbackd.Slug = "gala"

// Wall is one account's wall with its server.
type Wall struct {
	Name   string
	JoinQR bool // whether there is a join QR
	API    *API // what viewers talk to

	tb   testing.TB
	addr string // host:port, the same over stops
	stop func()

	mu     sync.Mutex // guards what follows
	hub    *live.Hub
	rev    int64
	seq    int64
	epoch  int64 // revs up to here are too old to tell from
	rows   map[callbackd.PublicID]*row
	files  map[string]file
	held   map[string]chan struct{}
	counts map[string]int
}

type row struct {
	message callbackd.PublicMessage
	rev     int64
	shown   int64 // rev of the last time that it was let through
	removed bool
}

type file struct {
	kind string
	body []byte
}

// New returns a wall without messages, whose server runs until the test ends.
func New(tb testing.TB) *Wall {
	tb.Helper()
	w := &Wall{Name: "春晚现场", JoinQR: true, API: newAPI(), tb: tb,
		rows: map[callbackd.PublicID]*row{}, files: map[string]file{}, held: map[string]chan struct{}{}, counts: map[string]int{}}
	w.Start()
	tb.Cleanup(func() { w.Stop() })
	return w
}

// URL is the address of a path on the server.
func (w *Wall) URL(path string) string { return "http://" + w.addr + path }

// PageURL is the address of the page.
func (w *Wall) PageURL() string { return w.URL("/wall/" + string(Slug)) }

// Start starts the server, at the same address as before.
func (w *Wall) Start() {
	w.tb.Helper()
	listener, err := net.Listen("tcp", cmp.Or(w.addr, "127.0.0.1:0"))
	if err != nil {
		w.tb.Fatalf("listen: %v", err)
	}
	w.addr = listener.Addr().String()
	hub, err := live.New(live.Config{WallExists: func(s callbackd.Slug) bool { return s == Slug }, Identify: w.API.Identify, Devices: w.API})
	if err != nil {
		w.tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	Eventually(w.tb, "the hub is ready", hub.Ready)
	srv := httptest.NewUnstartedServer(w.routes(hub))
	_ = srv.Listener.Close() // ours takes its place
	srv.Listener = listener
	srv.Start()
	w.mu.Lock()
	w.hub = hub
	w.mu.Unlock()
	w.API.attach(hub)
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.tb.Errorf("hub: %v", err)
		}
		srv.CloseClientConnections()
		srv.Close()
	}
}

// Stop ends the server and every connection. Changes go on being kept.
func (w *Wall) Stop() {
	w.mu.Lock()
	w.hub = nil
	for _, held := range w.held {
		close(held)
	}
	clear(w.held)
	w.mu.Unlock()
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// Viewers is how many connections are live.
func (w *Wall) Viewers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hub == nil {
		return 0
	}
	return w.hub.Connections()
}

// Show puts a message on the wall and returns its id. ID, Seq and SentAt are
// filled in where they are missing.
func (w *Wall) Show(m callbackd.PublicMessage) callbackd.PublicID {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rev++
	w.seq++
	m.Seq = w.seq
	m.ID = cmp.Or(m.ID, callbackd.PublicID(fmt.Sprintf("m%d", w.seq)))
	m.Kind = cmp.Or(m.Kind, callbackd.KindText)
	m.SentAt = cmp.Or(m.SentAt, time.Date(2026, 11, 20, 12, 0, int(w.seq), 0, time.UTC).Format(time.RFC3339))
	m.Sender.ID = cmp.Or(m.Sender.ID, "s1")
	m.Sender.Name = cmp.Or(m.Sender.Name, "海边的灯塔")
	m.Sender.Avatar = cmp.Or(m.Sender.Avatar, "/media/face/1")
	w.rows[m.ID] = &row{message: m, rev: w.rev, shown: w.rev}
	w.publish(callbackd.Change{Rev: w.rev, Op: callbackd.ChangeShow, Message: &m})
	return m.ID
}

// Say shows a text.
func (w *Wall) Say(text string) callbackd.PublicID {
	return w.Show(callbackd.PublicMessage{Text: text})
}

// Update changes a message that is shown.
func (w *Wall) Update(id callbackd.PublicID, set func(*callbackd.PublicMessage)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rev++
	r := w.rows[id]
	set(&r.message)
	r.rev = w.rev
	m := r.message
	w.publish(callbackd.Change{Rev: w.rev, Op: callbackd.ChangeUpdate, Message: &m})
}

// Remove takes a message down.
func (w *Wall) Remove(id callbackd.PublicID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rev++
	r := w.rows[id]
	r.rev, r.removed = w.rev, true
	w.publish(callbackd.Change{Rev: w.rev, Op: callbackd.ChangeRemove, ID: id})
}

// Whisper makes changes that no channel hears of.
func (w *Wall) Whisper(changes func()) {
	w.mu.Lock()
	hub := w.hub
	w.hub = nil
	w.mu.Unlock()
	changes()
	w.mu.Lock()
	w.hub = hub
	w.mu.Unlock()
}

// Forget makes every rev up to now too old to tell from: pages must reset.
func (w *Wall) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.epoch = w.rev
}

// publish hands a change to the hub; the lock is held.
func (w *Wall) publish(c callbackd.Change) {
	if w.hub == nil {
		return
	}
	if err := w.hub.PublishChange(Slug, c); err != nil {
		w.tb.Errorf("publish: %v", err)
	}
}

// File serves bytes under a path of /media/.
func (w *Wall) File(path, kind string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[path] = file{kind, body}
}

// Hold keeps the answers of an endpoint ("messages", "changes") on their way:
// they are made now and sent when release is called.
func (w *Wall) Hold(endpoint string) (release func()) {
	gate := make(chan struct{})
	w.mu.Lock()
	w.held[endpoint] = gate
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.held[endpoint] == gate {
			delete(w.held, endpoint)
			close(gate)
		}
	}
}

// Asked is how often an endpoint was asked.
func (w *Wall) Asked(endpoint string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[endpoint]
}

// Shown are the texts of the newest messages of the wall, newest first.
func (w *Wall) Shown(limit int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var texts []string
	for _, m := range slices.Backward(w.page(0, 0, limit)) {
		texts = append(texts, m.Text)
	}
	return texts
}

// page returns messages in ascending order of seq; the lock is held.
func (w *Wall) page(before, after int64, limit int) []callbackd.PublicMessage {
	out := []callbackd.PublicMessage{}
	for _, r := range w.rows {
		if s := r.message.Seq; !r.removed && s > after && (before == 0 || s < before) {
			out = append(out, r.message)
		}
	}
	slices.SortFunc(out, func(a, b callbackd.PublicMessage) int { return cmp.Compare(a.Seq, b.Seq) })
	if len(out) > limit && after == 0 {
		return out[len(out)-limit:]
	}
	return out[:min(limit, len(out))]
}

// Eventually waits until ok, or fails and says what it waited for.
func Eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	tb.Fatalf("gave up waiting: %s", what)
}
