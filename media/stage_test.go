package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/internal/safedial"
	"callbackd/internal/seal"
	"callbackd/mpweb"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/store/storetest"
	"callbackd/wechat"
)

// stage is a Worker before a simulated platform, on one clock.
type stage struct {
	*testing.T
	*Worker
	platform *rehearsal.Platform
	clock    *storetest.Clock
	url      string // of the platform
	path     string // of the database
	logs     logBuffer
	n        int
}

type logBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newStage(t *testing.T, maker *Maker) *stage {
	t.Helper()
	s := &stage{T: t, clock: storetest.NewClock(), path: filepath.Join(t.TempDir(), "c.db")}
	log := slog.New(slog.NewTextHandler(&s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.platform = rehearsal.New(rehearsal.Options{Seed: 5, Now: s.clock.Now})
	srv := httptest.NewServer(s.platform.Handler())
	t.Cleanup(srv.Close)
	s.url = srv.URL
	s.platform.SetBaseURL(s.url)

	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	s.must(err)
	db, err := store.Open(context.Background(), store.Config{DSN: storetest.SQLite(t, s.path), Key: key, Log: log, Now: s.clock.Now})
	s.must(err)
	t.Cleanup(func() {
		storetest.CheckInvariants(t, db)
		s.must(db.Close())
	})
	blobs, err := blob.Open("file:" + filepath.Join(t.TempDir(), "blobs"))
	s.must(err)
	pages, err := mpweb.New(mpweb.Config{BaseURL: s.url, Pace: time.Nanosecond, Sessions: db, Now: s.clock.Now, Log: log})
	s.must(err)
	outbound, err := safedial.New(safedial.Options{AlwaysAllow: []string{s.url}})
	s.must(err)
	s.Worker = &Worker{DB: db, Blobs: blobs, WeChat: wechat.NewClient(wechat.Config{APIURL: s.url, MPURL: s.url, Now: s.clock.Now, Log: log}),
		MPWeb: pages, Outbound: outbound, Maker: maker, WorkDir: t.TempDir(), Log: log}
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// account adds an account on both sides; change may take away or add settings.
func (s *stage) account(cfg rehearsal.AccountConfig, change func(*callbackd.Account)) (*rehearsal.Account, *callbackd.Account) {
	s.Helper()
	if cfg.Slug == "" {
		cfg.Slug = "gala"
	}
	sim, err := s.platform.AddAccount(cfg)
	s.must(err)
	c := sim.Config
	a := &callbackd.Account{Slug: c.Slug, Name: "春晚现场", OriginalID: c.OriginalID, AppID: c.AppID, AppSecret: callbackd.Secret(c.AppSecret), Token: callbackd.Secret(c.Token),
		Mode: callbackd.ModePlain, Moderation: callbackd.ModerationOpen}
	if c.MP != nil {
		a.MPWeb = &callbackd.MPWebLogin{Username: c.MP.Username, Password: callbackd.Secret(c.MP.Password), Dialect: c.MP.Dialect}
	}
	if change != nil {
		change(a)
	}
	s.must(s.DB.InsertAccount(context.Background(), a, "test"))
	return sim, a
}

// noAPI is an account that the official API serves nothing.
func noAPI(a *callbackd.Account) { a.AppID, a.AppSecret = "", "" }

var operator2014 = &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}

// person is a follower of an account.
func (s *stage) person(sim *rehearsal.Account) rehearsal.Contact {
	s.Helper()
	f, err := s.platform.AddFollower(rehearsal.Follower{Profile: callbackd.Profile{Nickname: "小明"}})
	s.must(err)
	c, err := sim.Follow(f.Number, s.clock.Now().Add(-time.Hour))
	s.must(err)
	return c
}

// known stores who a sender is, as the resolver does.
func (s *stage) known(a *callbackd.Account, sim *rehearsal.Account, c rehearsal.Contact) {
	s.Helper()
	s.must(s.DB.SetPerson(context.Background(), a.ID, store.Resolution{FakeID: sim.FakeID(c), OpenID: c.OpenID,
		Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: s.clock.Now()}))
}

var kinds = map[rehearsal.MsgType]callbackd.Kind{rehearsal.TypeImage: callbackd.KindImage, rehearsal.TypeVoice: callbackd.KindVoice,
	rehearsal.TypeVideo: callbackd.KindVideo, rehearsal.TypeText: callbackd.KindText}

// send lets a person send a file, which the pages list at once, and stores its
// push. change may alter what the push says.
func (s *stage) send(sim *rehearsal.Account, a *callbackd.Account, m rehearsal.Message, change func(*callbackd.Media)) *callbackd.Media {
	s.Helper()
	at := time.Duration(0)
	m.Skew, m.Listing = &at, &at
	r, err := sim.Say(m)
	s.must(err)
	s.n++
	md := &callbackd.Media{WeChatID: r.MediaID, HighResID: r.MediaID16K, ThumbID: r.ThumbMediaID, PicURL: r.PicURL}
	if change != nil {
		change(md)
	}
	cb := &store.Callback{Account: a, Key: fmt.Sprint("key", s.n), Request: fmt.Append(nil, "request", s.n), ReceivedAt: s.clock.Now(), CreateTime: r.CreatedAt,
		Outcome: store.OutcomeAccepted, MsgType: string(r.Type), From: r.OpenID, Search: true, Raw: []byte("<xml/>"), Media: md,
		Message: &callbackd.Message{Kind: kinds[r.Type], Text: r.Content, SentAt: r.CreatedAt, MsgID: r.MsgID}}
	if r.Type == rehearsal.TypeText {
		cb.Media = nil
	}
	_, err = s.DB.Accept(context.Background(), cb)
	s.must(err)
	rows, err := s.DB.ListMessages(context.Background(), a.ID, store.MessageFilter{Limit: 1})
	s.must(err)
	return rows[0].Media
}

// job is a job about a media row, as the runner hands it over.
func (s *stage) job(kind callbackd.JobKind, md *callbackd.Media) callbackd.Job {
	return callbackd.Job{Kind: kind, Key: strconv.FormatInt(int64(md.ID), 10), Account: md.Account, Deadline: s.clock.Now().Add(store.MediaDeadline)}
}

// fetch and search run a job about a row.
func (s *stage) fetch(md *callbackd.Media) error {
	return s.Fetch(context.Background(), s.job(callbackd.JobMediaFetch, md))
}

func (s *stage) search(md *callbackd.Media) error {
	return s.Search(context.Background(), s.job(callbackd.JobMediaSearch, md))
}

// claim takes the next job of a kind; nil where there is none.
func (s *stage) claim(kind callbackd.JobKind) *callbackd.Job {
	s.Helper()
	j, err := s.DB.ClaimJob(context.Background(), kind, "n", time.Minute)
	if errors.Is(err, callbackd.ErrNotFound) {
		return nil
	}
	s.must(err)
	return &j
}

// media reads a row again.
func (s *stage) media(md *callbackd.Media) *callbackd.Media {
	s.Helper()
	row, err := s.DB.GetMediaRow(context.Background(), md.ID)
	s.must(err)
	return row.Media
}

// came fails unless a row's file is there, as it came, with the next step due.
func (s *stage) came(md *callbackd.Media, want []byte) {
	s.Helper()
	got := s.media(md)
	if got.Source == "" || got.State != callbackd.MediaPending {
		s.Fatalf("nothing came: %+v\n%s", got, s.logs.String())
	}
	if b := s.blob(got.Source); !bytes.Equal(b, want) {
		s.Errorf("%d bytes came, want %d", len(b), len(want))
	}
	if j := s.claim(callbackd.JobMediaMake); j == nil || j.Key != strconv.FormatInt(int64(md.ID), 10) || j.Account != md.Account {
		s.Errorf("the next step: %+v", j)
	}
}

// absent fails where something of a row's file is there.
func (s *stage) absent(md *callbackd.Media) {
	s.Helper()
	if got := s.media(md); got.Source != "" {
		s.Errorf("%d bytes were taken for a file", len(s.blob(got.Source)))
	}
	if keys := s.keys(); len(keys) != 0 {
		s.Errorf("%q", keys)
	}
	if j := s.claim(callbackd.JobMediaMake); j != nil {
		s.Errorf("the next step is due: %+v", j)
	}
}

func (s *stage) blob(key string) []byte {
	s.Helper()
	f, _, err := s.Blobs.Open(context.Background(), key)
	s.must(err)
	defer f.Close()
	b, err := io.ReadAll(f)
	s.must(err)
	return b
}

// keys lists everything that was put away.
func (s *stage) keys() (keys []string) {
	s.Helper()
	s.must(s.Blobs.List(context.Background(), "", func(key string, _ blob.Info) error { keys = append(keys, key); return nil }))
	return keys
}

// server answers requests that are not the platform's. The second result counts them.
func (s *stage) server(h http.HandlerFunc) (string, *int) {
	hits := new(int)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*hits++
		h(w, r)
	}))
	s.Cleanup(srv.Close)
	return srv.URL, hits
}

// allow lets the guard reach a server beside the platform.
func (s *stage) allow(address string) {
	s.Helper()
	var err error
	s.Outbound, err = safedial.New(safedial.Options{AlwaysAllow: []string{s.url, address}})
	s.must(err)
}

// again fails unless an error asks for another try with an attempt spent.
func again(t *testing.T, err error) {
	t.Helper()
	var snooze *callbackd.SnoozeError
	if err == nil || callbackd.IsPermanent(err) || errors.As(err, &snooze) {
		t.Errorf("%v, want another try", err)
	}
}

// forGood fails unless an error ends the job, for a reason ("" means that no
// source has the file).
func forGood(t *testing.T, err error, reason string) {
	t.Helper()
	if !callbackd.IsPermanent(err) || reasonOf(err) != reason || (reason == "") != errors.Is(err, errPassedOver) {
		t.Errorf("%v, want the end for %q", err, reason)
	}
}

// waits fails unless an error is a snooze of this length.
func waits(t *testing.T, err error, least, most time.Duration) {
	t.Helper()
	var snooze *callbackd.SnoozeError
	if !errors.As(err, &snooze) || snooze.After < least || snooze.After > most {
		t.Errorf("%v, want a snooze of %s to %s", err, least, most)
	}
}
