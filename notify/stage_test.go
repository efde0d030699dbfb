package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/store/storetest"
)

var ctx = context.Background()

// stage is a service on a real database, with a clock that the test sets, and with
// devices, vendors and WeChat that do what the test says.
type stage struct {
	testing.TB
	db      *store.DB
	clock   *storetest.Clock
	account *callbackd.Account
	service *notify.Service
	channel *channel
	vendors *carrier
	weChat  *weChat
	logs    *logs
	node    int
	n       int

	set    func(*notify.Config)         // changes what the next service works with; nil: nothing
	openID func(n int) callbackd.OpenID // of the next person; nil: made up
}

func newStageOf(t testing.TB, change func(*callbackd.Account)) *stage {
	t.Helper()
	return newStageOn(t, storetest.SQLite(t, filepath.Join(t.TempDir(), "c.db")), change)
}

func newStageOn(t testing.TB, dsn string, change func(*callbackd.Account)) *stage {
	t.Helper()
	s := &stage{TB: t, clock: storetest.NewClock(), channel: &channel{up: map[callbackd.PublicID]bool{}}, vendors: &carrier{}, weChat: &weChat{}, logs: &logs{}}
	s.db = s.open(dsn)
	t.Cleanup(func() { storetest.CheckInvariants(t, s.db) })
	s.account = &callbackd.Account{Slug: "gala", Name: "春晚", OriginalID: "gh_0123456789ab", AppID: "wx0123456789abcdef", AppSecret: "secret", Token: "token",
		Mode: callbackd.ModePlain, Moderation: callbackd.ModerationOpen}
	if change != nil {
		change(s.account)
	}
	s.must(s.db.InsertAccount(ctx, s.account, "test"))
	s.start()
	return s
}

// open opens a database as a node does.
func (s *stage) open(dsn string) *store.DB {
	s.Helper()
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	s.must(err)
	db, err := store.Open(ctx, store.Config{DSN: dsn, Key: key, Now: s.clock.Now, Log: s.log()})
	s.must(err)
	s.Cleanup(func() { db.Close() })
	return db
}

// start makes a service as a server does at its start; the one before is as good
// as dead.
func (s *stage) start() {
	public, err := url.Parse("https://wall.example")
	s.must(err)
	previous := ""
	if s.node > 0 {
		previous = fmt.Sprint("node", s.node)
	}
	s.node++
	s.must(s.db.AdoptDeliveries(ctx, fmt.Sprint("node", s.node), previous))
	cfg := notify.Config{DB: s.db, Channel: s.channel, Vendors: s.vendors, WeChat: s.weChat, PublicURL: public,
		Node: fmt.Sprint("node", s.node), Log: s.log()}
	if s.set != nil {
		s.set(&cfg)
	}
	s.service = notify.New(cfg)
}

func (s *stage) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// follower is somebody with what the tests need of them.
type follower struct {
	openID callbackd.OpenID
	sender callbackd.SenderID
	viewer callbackd.Viewer
}

// person writes something once, so that the account knows them; with a name that
// is known where one is given.
func (s *stage) person(name string) *follower {
	s.Helper()
	s.n++
	f := &follower{openID: callbackd.OpenID(fmt.Sprintf("o%027d", s.n))}
	if s.openID != nil {
		f.openID = s.openID(s.n)
	}
	s.say(f, "你好")
	if name != "" {
		s.must(s.db.SetPerson(ctx, s.account.ID, store.Resolution{FakeID: callbackd.FakeID(fmt.Sprint(1000 + s.n)), OpenID: f.openID,
			Profile: callbackd.Profile{Nickname: name}, ReadAt: s.clock.Now()}))
	}
	rows, err := s.db.ListMessages(ctx, s.account.ID, store.MessageFilter{Limit: 1})
	s.must(err)
	f.sender = rows[0].Sender.ID
	return f
}

// bound is a person who bound a browser; p changes what they chose.
func (s *stage) bound(name string, p func(*callbackd.Preferences)) *follower {
	s.Helper()
	f := s.person(name)
	f.viewer = s.bind(f)
	chosen := callbackd.DefaultPreferences()
	if p != nil {
		p(&chosen)
	}
	s.must(s.db.SetPreferences(ctx, s.account.ID, f.sender, chosen))
	return f
}

// bind binds one more viewer to a follower, as both agree.
func (s *stage) bind(f *follower) callbackd.Viewer {
	s.Helper()
	s.n++
	v, err := s.db.InsertViewer(ctx, s.account.ID, fmt.Appendf(nil, "token-%d", s.n))
	s.must(err)
	code := notify.NewCode()
	s.must(s.db.StartBinding(ctx, v, code, s.clock.Now().Add(5*time.Minute)))
	for _, text := range []string{code, "1"} {
		s.push(f, text, nil)
	}
	_, err = s.db.ConfirmBinding(ctx, v.ID)
	s.must(err)
	v.Sender = f.sender
	return v
}

// push stores a text of a follower as the callback does.
func (s *stage) push(f *follower, text string, change func(*store.Callback)) callbackd.PublicID {
	s.Helper()
	s.n++
	cb := &store.Callback{Account: s.account, Key: fmt.Sprintf("%08d-key", s.n), Body: []byte("b"), ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(),
		Outcome: store.OutcomeAccepted, MsgType: "text", From: f.openID, Raw: []byte("raw"),
		Message: &callbackd.Message{Kind: callbackd.KindText, Text: text, SentAt: s.clock.Now(), MsgID: uint64(s.n)}}
	if c, ok := notify.ParseCommand(text); ok {
		cb.Command, cb.Reply = &c, notify.ReplyTo
	}
	if change != nil {
		change(cb)
	}
	got, err := s.db.Accept(ctx, cb)
	s.must(err)
	return got.Public
}

// say lets a follower speak, and everybody be told who is to be.
func (s *stage) say(f *follower, text string) callbackd.PublicID {
	s.Helper()
	id := s.push(f, text, nil)
	s.settle()
	return id
}

// device registers a device of a follower's viewer, and opens its channel if it
// is up.
func (s *stage) device(f *follower, class callbackd.Class, p callbackd.Provider, up bool) callbackd.Device {
	s.Helper()
	s.n++
	n := store.NewDevice{Viewer: f.viewer, Class: class, Provider: p, Name: fmt.Sprint(class, s.n)}
	if p != "" {
		n.Target, n.TargetKey, n.Proof = callbackd.Secret(fmt.Sprint("target-", s.n)), fmt.Appendf(nil, "key-%d", s.n), []byte("proof")
	}
	d, _, err := s.db.InsertDevice(ctx, n)
	s.must(err)
	if up {
		s.connect(f, d)
	}
	return d
}

func (s *stage) connect(f *follower, d callbackd.Device) {
	s.Helper()
	s.must(s.service.OpenDevice(ctx, f.viewer.ID, d.PublicID))
	s.channel.set(d.PublicID, true)
	s.service.DeviceUp(d.PublicID)
}

func (s *stage) disconnect(d callbackd.Device) {
	s.channel.set(d.PublicID, false)
	s.service.DeviceDown(d.PublicID)
}

// sits lets somebody be at a computer, as its page reports.
func (s *stage) sits(f *follower, d callbackd.Device) {
	s.reports(f, d, callbackd.DeviceState{Active: true, Screen: "on", Client: "open"})
}

func (s *stage) leaves(f *follower, d callbackd.Device) {
	s.reports(f, d, callbackd.DeviceState{Screen: "locked", Client: "open"})
}

func (s *stage) reports(f *follower, d callbackd.Device, st callbackd.DeviceState) {
	s.Helper()
	s.must(s.service.Report(ctx, f.viewer, d.PublicID, st))
}

// settle does everything that is to be done now, in the order of a quiet server.
func (s *stage) settle() {
	s.Helper()
	s.must(s.service.Tell(ctx))
	for again := true; again; {
		s.must(s.service.StepDue(ctx))
		again = false
		for s.service.CarryOne(ctx) {
			again = true
		}
	}
}

// after lets time pass in steps of a second, as timers do.
func (s *stage) after(d time.Duration) {
	s.Helper()
	for d > 0 {
		step := min(d, time.Second)
		s.clock.Advance(step)
		d -= step
		s.settle()
	}
}

// inbox returns a follower's notices, newest first.
func (s *stage) inbox(f *follower) notify.Inbox {
	s.Helper()
	in, err := s.service.Inbox(ctx, f.viewer, "", 50)
	s.must(err)
	return in
}

// trail is the keys of a follower's newest notice, why it came first.
func (s *stage) trail(f *follower) []notify.Key {
	s.Helper()
	in := s.inbox(f)
	if len(in.Notices) == 0 {
		return nil
	}
	keys := []notify.Key{in.Notices[0].Why.Key}
	for _, e := range in.Notices[0].Trail {
		keys = append(keys, e.Key)
	}
	return keys
}

// endsWith says what the newest notice's trail ends with.
func (s *stage) endsWith(f *follower, want notify.Key) {
	s.Helper()
	if keys := s.trail(f); len(keys) == 0 || keys[len(keys)-1] != want {
		s.Errorf("the trail is %v, want %s at its end", keys, want)
	}
}

// channel is the live connection of all devices.
type channel struct {
	mu     sync.Mutex // guards what follows
	up     map[callbackd.PublicID]bool
	frames []sentFrame
}

type sentFrame struct {
	device callbackd.PublicID
	frame  notify.Frame
	raw    string
}

func (c *channel) set(d callbackd.PublicID, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.up[d] = up
}

// SendToDevice implements notify.Channel.
func (c *channel) SendToDevice(d callbackd.PublicID, raw []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.up[d] {
		return false
	}
	f := sentFrame{device: d, raw: string(raw)}
	if err := json.Unmarshal(raw, &f.frame); err != nil {
		panic(err)
	}
	c.frames = append(c.frames, f)
	return true
}

// of returns the frames of a type that a device got.
func (c *channel) of(d callbackd.Device, kind string) []notify.Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []notify.Frame
	for _, f := range c.frames {
		if f.device == d.PublicID && f.frame.Type == kind {
			all = append(all, f.frame)
		}
	}
	return all
}

// count is how many alerts went out on it.
func (c *channel) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, f := range c.frames {
		if f.frame.Type == "notify" {
			n++
		}
	}
	return n
}

// carrier is every vendor; answer is what it says, nil for yes.
type carrier struct {
	answer func(callbackd.Device) push.Result
	mu     sync.Mutex // guards sends
	sends  []vendorSend
}

type vendorSend struct {
	device callbackd.Device
	alert  notify.Alert
	level  callbackd.Level
	ttl    time.Duration
}

// Has implements notify.Carrier.
func (*carrier) Has(callbackd.Provider) bool { return true }

// Send implements notify.Carrier.
func (v *carrier) Send(_ context.Context, d callbackd.Device, a notify.Alert, level callbackd.Level, ttl time.Duration) push.Result {
	v.mu.Lock()
	v.sends = append(v.sends, vendorSend{d, a, level, ttl})
	v.mu.Unlock()
	if v.answer != nil {
		return v.answer(d)
	}
	return push.Result{Outcome: push.Accepted, Status: 201}
}

func (v *carrier) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sends)
}

// weChat is the platform; err is what it says.
type weChat struct {
	err   error
	mu    sync.Mutex // guards texts
	texts []string
}

// SendText implements notify.Messenger.
func (w *weChat) SendText(_ context.Context, _ *callbackd.Account, _ callbackd.OpenID, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
	return w.err
}

// SendTemplate implements notify.Messenger.
func (w *weChat) SendTemplate(_ context.Context, _ *callbackd.Account, _ callbackd.OpenID, t callbackd.NoticeTemplate, _, title, body string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, strings.Join([]string{t.ID, title, body}, "|"))
	return "1", w.err
}

func (w *weChat) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.texts)
}

// logs are all log lines, of any level.
type logs struct {
	mu  sync.Mutex // guards all
	all bytes.Buffer
}

// Write implements io.Writer.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
