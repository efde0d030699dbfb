package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/handlers"
	"callbackd/internal/seal"
	"callbackd/live"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/store/storetest"
	"callbackd/wall"
)

// site is a server on a real socket, with a simulated platform that pushes to it.
type site struct {
	*testing.T
	db       *store.DB
	blobs    blob.Bucket
	http     *httptest.Server
	router   http.Handler
	handlers *handlers.Handlers
	platform *rehearsal.Platform
	logs     *logBuffer
	path     string // of the database
}

// logBuffer keeps what was logged at every level.
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

func newSite(t *testing.T) *site { return newSiteWith(t, nil, nil) }

// newSiteWith sets the store's clock, and what of the configuration is not usual.
func newSiteWith(t *testing.T, now func() time.Time, change func(*handlers.Config)) *site {
	t.Helper()
	s := &site{T: t, logs: &logBuffer{}}
	log := slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	dir := t.TempDir()
	s.path = filepath.Join(dir, "c.db")
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	s.must(err)
	s.db, err = store.Open(context.Background(), store.Config{DSN: storetest.SQLite(t, s.path), Key: key, Log: log, Now: now})
	s.must(err)
	t.Cleanup(func() { s.db.Close() })
	s.blobs, err = blob.Open("file:" + filepath.Join(dir, "blobs"))
	s.must(err)
	hub, err := live.New(live.Config{Log: log, WallExists: func(callbackd.Slug) bool { return true }})
	s.must(err)
	public, err := url.Parse("http://wall.example")
	s.must(err)
	cfg := handlers.Config{DB: s.db, Blobs: s.blobs, Live: hub, PublicURL: public, Log: log, Now: now}
	if change != nil {
		change(&cfg)
	}
	h := handlers.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = hub.Run(ctx) })
	parts.Go(func() { _ = h.Run(ctx) })
	s.handlers, s.router = h, h.Router()
	s.http = httptest.NewServer(s.router)
	t.Cleanup(func() {
		s.http.Close()
		cancel()
		parts.Wait()
		storetest.CheckInvariants(t, s.db)
	})
	s.platform = rehearsal.New(rehearsal.Options{Seed: 7, Now: now})
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// account adds an account on both sides, with people who follow it.
func (s *site) account(slug callbackd.Slug, mode callbackd.Mode, m callbackd.Moderation) (*rehearsal.Account, *callbackd.Account) {
	s.Helper()
	sim, err := s.platform.AddAccount(rehearsal.AccountConfig{Slug: slug, Name: "春晚 " + string(slug), Mode: mode, CallbackURL: s.http.URL + "/callback/" + string(slug)})
	s.must(err)
	crowd, err := s.platform.Crowd(8)
	s.must(err)
	for _, number := range crowd {
		_, err := sim.Follow(number, s.platform.Now().Add(-time.Hour))
		s.must(err)
	}
	c := sim.Config
	a := &callbackd.Account{Slug: slug, Name: c.Name, OriginalID: c.OriginalID, AppID: c.AppID, Token: callbackd.Secret(c.Token),
		AESKey: callbackd.Secret(c.AESKey), Mode: mode, Moderation: m}
	s.must(s.db.InsertAccount(context.Background(), a, "test"))
	return sim, a
}

// say lets the nth person send words.
func (s *site) say(sim *rehearsal.Account, n int, words string, o rehearsal.SendOptions) rehearsal.Verdict {
	s.Helper()
	return s.send(sim, rehearsal.Message{Type: rehearsal.TypeText, Content: words}, n, o)
}

func (s *site) send(sim *rehearsal.Account, m rehearsal.Message, n int, o rehearsal.SendOptions) rehearsal.Verdict {
	s.Helper()
	m.From = sim.Contacts()[n].Number
	_, v, err := sim.Push(context.Background(), m, o)
	s.must(err)
	return v
}

// get asks for a path and returns status, headers and body.
func (s *site) get(path string) (int, http.Header, string) {
	s.Helper()
	resp, err := http.Get(s.http.URL + path)
	s.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	s.must(err)
	return resp.StatusCode, resp.Header, string(body)
}

func (s *site) feed(slug string) wall.Messages {
	s.Helper()
	code, _, body := s.get("/wall/" + slug + "/messages?limit=200")
	if code != http.StatusOK {
		s.Fatalf("feed: %d %s", code, body)
	}
	var m wall.Messages
	s.must(json.Unmarshal([]byte(body), &m))
	return m
}

func (s *site) rows(a *callbackd.Account) []store.Row {
	s.Helper()
	rows, err := s.db.ListMessages(context.Background(), a.ID, store.MessageFilter{Limit: 1000})
	s.must(err)
	return rows
}

func (s *site) decide(row store.Row, d callbackd.Decision) {
	s.Helper()
	s.must(s.db.Moderate(context.Background(), row.Message.Account, row.Message.PublicID, d, "test"))
}

// absent fails where any of the words stands in the text.
func absent(t *testing.T, where, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if w != "" && strings.Contains(text, w) {
			t.Errorf("%s holds what must not leave the server", where)
		}
	}
}
