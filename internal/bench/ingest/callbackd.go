package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callbackd"
	"callbackd/blob"
	"callbackd/handlers"
	"callbackd/internal/seal"
	"callbackd/live"
	"callbackd/store"
	"callbackd/wall"
)

// newCallbackd is the real receiver: routes, metrics, cache of accounts and a
// store that is on disk before it answers. Jobs are committed and not run: how
// much work they are is another table.
func newCallbackd(ctx context.Context, s setup, r row) (*server, error) {
	db, err := openStore(ctx, s, r)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	blobs, err := blob.OpenFolder(filepath.Join(s.Dir, "blobs"))
	if err != nil {
		return nil, err
	}
	hub, err := live.New(live.Config{Log: log})
	if err != nil {
		return nil, err
	}
	h := handlers.New(handlers.Config{DB: db, Blobs: blobs, Live: hub, PublicURL: &url.URL{Scheme: "http", Host: "callbackd.test"},
		Log: log, Metrics: prometheus.NewRegistry()})
	parts := []func(context.Context) error{h.Run, db.Watch}
	if r.live {
		publisher, err := wall.NewPublisher(ctx, db, hub, log)
		if err != nil {
			return nil, err
		}
		parts = append(parts, hub.Run, publisher.Run)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, run := range parts {
		running.Go(func() {
			if err := run(ctx); err != nil {
				log.Error("a part ended", "err", err)
			}
		})
	}
	return &server{handler: h.Router(), stored: func(ctx context.Context) (int64, error) { return countShown(ctx, db) },
		close: func() error { cancel(); running.Wait(); return db.Close() }}, nil
}

// openStore makes a database with the account and the people who are known.
func openStore(ctx context.Context, s setup, r row) (*store.DB, error) {
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{DSN: s.Database, Key: key})
	if err != nil {
		return nil, err
	}
	a := s.account()
	if r.mpweb {
		a.MPWeb = &callbackd.MPWebLogin{Username: "bench", Password: "bench", Dialect: callbackd.Dialect2014}
	}
	if err := db.InsertAccount(ctx, a, "bench"); err != nil {
		return nil, err
	}
	for i, id := range s.Known {
		err := db.SetPerson(ctx, a.ID, store.Resolution{FakeID: callbackd.FakeID(fmt.Sprint(100000 + i)), OpenID: id,
			Profile: callbackd.Profile{Nickname: fmt.Sprintf("观众%d", i)}, ReadAt: time.Now()})
		if err != nil {
			return nil, err
		}
	}
	return db, nil
}

// countShown counts the messages on the wall by its gapless seq: the newest
// one's number, which must stand on as many rows as it says.
func countShown(ctx context.Context, db *store.DB) (int64, error) {
	a, err := db.GetAccount(ctx, slug)
	if err != nil {
		return 0, err
	}
	_, newest, err := db.ListShown(ctx, a.ID, store.Span{Limit: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	last := newest[0].Message.Seq
	_, before, err := db.ListShown(ctx, a.ID, store.Span{After: max(0, last-200), HasAfter: true, Limit: 200})
	if err != nil {
		return 0, err
	}
	if int64(len(before)) != min(last, 200) {
		return 0, errors.New("the wall has gaps")
	}
	return last, nil
}
