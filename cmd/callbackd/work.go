package main

import (
	"context"
	"log/slog"
	"time"

	"callbackd"
	"callbackd/jobs"
	"callbackd/media"
	"callbackd/resolver"
	"callbackd/wall"
)

// Pauses between tries. The first two follow the platform's habits: a file or
// an entry that is not there yet is there within seconds.
var (
	quickRetry = callbackd.Retry{First: 1500 * time.Millisecond, Max: 10 * time.Minute}
	slowRetry  = callbackd.Retry{First: time.Minute, Max: time.Hour}
)

// pruneEvery is how often what is kept no longer is dropped.
const pruneEvery = 10 * time.Minute

// registerJobs tells the runner how each kind of job is done.
func registerJobs(ctx context.Context, r *jobs.Runner, inst *installation, clients *platformClients) error {
	maker := newMaker(inst.log)
	files := &media.Worker{DB: inst.db, Blobs: inst.blobs, WeChat: clients.wechat, MPWeb: clients.mpweb, Outbound: clients.outbound,
		Maker: maker, WorkDir: inst.workDir(), Log: inst.log}
	r.Register(callbackd.JobMediaFetch, jobs.Kind{Run: files.Fetch, GiveUp: files.GiveUp, Workers: 4, Timeout: 3 * time.Minute, Retry: quickRetry})
	r.Register(callbackd.JobMediaSearch, jobs.Kind{Run: files.Search, GiveUp: files.GiveUp, Workers: 4, Timeout: 3 * time.Minute, Retry: quickRetry})
	r.Register(callbackd.JobMediaMake, jobs.Kind{Run: files.Make, GiveUp: files.GiveUp, Workers: 2, Timeout: 10 * time.Minute, Retry: quickRetry, Attempts: 6})
	r.Register(callbackd.JobJoinQR, jobs.Kind{Run: files.JoinQR, Workers: 2, Timeout: time.Minute, Retry: slowRetry})
	people := resolver.New(resolver.Config{DB: inst.db, Pages: clients.mpweb, Blobs: inst.blobs, Outbound: clients.outbound, Face: maker.Avatar, Log: inst.log})
	r.Register(callbackd.JobResolve, jobs.Kind{Run: people.Run, Workers: 4, Timeout: time.Minute, Retry: quickRetry})
	checker, err := wall.NewChecker(inst.db, inst.cfg.Outbound.Allow)
	if err != nil {
		return err
	}
	r.Register(callbackd.JobCheck, jobs.Kind{Run: checker.Run, Workers: 8, Timeout: 10 * time.Second, Retry: quickRetry})
	r.Register(callbackd.JobPrune, jobs.Kind{Run: prune(inst), Workers: 1, Timeout: 10 * time.Minute, Retry: slowRetry})
	return inst.db.Enqueue(ctx, callbackd.Job{Kind: callbackd.JobPrune, DueAt: inst.db.Now()})
}

// newMaker uses ffmpeg where there is one; without it, voices still play by
// the decoder that the page brings.
func newMaker(log *slog.Logger) *media.Maker {
	t, err := media.FindFFmpeg(media.DefaultLimits())
	if err != nil {
		log.Warn("no ffmpeg: voices play by the shipped decoder, videos do not play; apt-get install ffmpeg", "err", err)
		return media.NewMaker(nil, media.DefaultLimits())
	}
	return media.NewMaker(t, media.DefaultLimits())
}

func prune(inst *installation) func(context.Context, callbackd.Job) error {
	return func(ctx context.Context, _ callbackd.Job) error {
		if _, err := inst.db.Prune(ctx, inst.cfg.Storage.KeepRaw); err != nil {
			return err
		}
		return callbackd.Snooze(pruneEvery, "until the next round")
	}
}
