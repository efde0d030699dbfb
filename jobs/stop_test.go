package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/jobs"
)

func TestStop_WhatEndsInTimeIsFinishedAndNothingNewBegins(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	began, goOn := make(chan struct{}, 2), make(chan struct{})
	r := b.one("n", jobs.Kind{Workers: 2, Run: func(ctx context.Context, _ callbackd.Job) error {
		began <- struct{}{}
		<-goOn
		return ctx.Err()
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	await(b, "the run", began)
	cancel()
	select {
	case <-ended:
		t.Fatal("it did not wait for what runs")
	default:
	}
	goOn <- struct{}{}
	b.must(await(b, "the end", ended))
	if got := b.job("a"); got.State != callbackd.JobDone {
		t.Errorf("%+v", got)
	}
	b.enqueue(callbackd.Job{Key: "late"})
	if got := b.job("late"); got.State != callbackd.JobReady || len(began) != 0 {
		t.Errorf("claimed after the end: %+v", got)
	}
}

// TestStop_NoClaimWhileDraining: a job that comes while others drain stays.
func TestStop_NoClaimWhileDraining(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Kind: "busy", Key: "a"})
	began, goOn := make(chan struct{}), make(chan struct{})
	r := jobs.New(b.db, "n", time.Hour, b.log)
	r.Register("busy", jobs.Kind{Run: func(context.Context, callbackd.Job) error { close(began); <-goOn; return nil }})
	r.Register(kind, jobs.Kind{Run: func(context.Context, callbackd.Job) error { t.Error("claimed while draining"); return nil }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	await(b, "the run", began)
	cancel()
	// the lanes end by themselves; what they still claim they would run
	b.enqueue(callbackd.Job{Key: "late", DueAt: b.clock.Now().Add(time.Hour)})
	b.clock.Advance(2 * time.Hour)
	close(goOn)
	b.must(await(b, "the end", ended))
	if got := b.job("late"); got.State != callbackd.JobReady {
		t.Errorf("%+v", got)
	}
}

func TestStop_WhatDoesNotEndIsCancelledAndReadyAgain(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	began := make(chan struct{})
	r := jobs.New(b.db, "n", 0, b.log)
	r.Register(kind, jobs.Kind{Attempts: 1, Timeout: time.Hour, Run: func(ctx context.Context, _ callbackd.Job) error {
		close(began)
		<-ctx.Done()
		return ctx.Err()
	}, GiveUp: func(context.Context, callbackd.Job, error) error { t.Error("given up because we stopped"); return nil }})
	stop := b.run(r)
	await(b, "the run", began)
	stop()
	if got := b.job("a"); got.State != callbackd.JobReady || got.Attempts != 0 || got.Node != "" || got.DueAt.After(b.clock.Now()) {
		t.Errorf("%+v", got)
	}
}

func TestRescue_WhatADeadNodeRanGoesOnAtTheNextStart(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a", Serial: "s"})
	if _, err := b.db.ClaimJob(context.Background(), kind, "dead", time.Minute); err != nil {
		t.Fatal(err)
	}
	n, err := b.db.RescueJobs(context.Background(), "dead") // as serve does with the lock of the data folder
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	b.run(b.one("new", jobs.Kind{Run: func(context.Context, callbackd.Job) error { return nil }}))
	b.until("a", "done", in(callbackd.JobDone))
}

// TestLease_LostMeansNoSay: who lost its lease does not end the other's run.
func TestLease_LostMeansNoSay(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	began, goOn := make(chan struct{}), make(chan struct{})
	stop := b.run(b.one("slow", jobs.Kind{Run: func(context.Context, callbackd.Job) error { close(began); <-goOn; return nil }}))
	await(b, "the run", began)
	b.clock.Advance(2 * time.Minute) // no heartbeat came meanwhile
	if n, err := b.db.RescueJobs(context.Background(), ""); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	// the slow node's lane waits for its only worker, so nobody else takes it
	if _, err := b.db.ClaimJob(context.Background(), kind, "other", time.Minute); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	stop()
	if got := b.job("a"); got.State != callbackd.JobRunning || got.Node != "other" {
		t.Errorf("%+v", got)
	}
}

// TestKeeper_RenewsItsOwnAndRescuesTheDead: a heartbeat that comes far too late
// still takes nothing from those who live.
func TestKeeper_RenewsItsOwnAndRescuesTheDead(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "dead's"})
	if _, err := b.db.ClaimJob(context.Background(), kind, "dead", time.Minute); err != nil {
		t.Fatal(err)
	}
	b.enqueue(callbackd.Job{Key: "own"})
	runs, goOn := make(chan string, 8), make(chan struct{})
	r := b.one("n", jobs.Kind{Workers: 2, Run: func(_ context.Context, j callbackd.Job) error {
		runs <- j.Key
		if j.Key == "own" {
			<-goOn
		}
		return nil
	}})
	stop := b.run(r)
	if key := await(b, "the own job", runs); key != "own" {
		t.Fatal(key)
	}
	b.clock.Advance(time.Hour)
	b.must(jobs.Renew(r, context.Background()))
	if key := await(b, "the dead node's job", runs); key != "dead's" {
		t.Fatal(key)
	}
	close(goOn)
	b.until("own", "done", in(callbackd.JobDone))
	stop()
	if len(runs) != 0 {
		t.Errorf("%s ran once more", <-runs)
	}
}

// TestKeeper_BeatsWhileTheRunnerRuns: nobody calls, and the dead node's job goes on.
func TestKeeper_BeatsWhileTheRunnerRuns(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "dead's"})
	if _, err := b.db.ClaimJob(context.Background(), kind, "dead", time.Minute); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Hour)
	r := b.one("n", jobs.Kind{Run: func(context.Context, callbackd.Job) error { return nil }})
	r.SetBeat(time.Millisecond)
	b.run(r)
	b.until("dead's", "done", in(callbackd.JobDone))
}

// TestKeeper_ThatCannotRenewRescuesNobody: else it would take its own running
// jobs for a dead node's, and run them twice at a time.
func TestKeeper_ThatCannotRenewRescuesNobody(t *testing.T) {
	b := newBench(t)
	b.enqueue(callbackd.Job{Key: "a"})
	if _, err := b.db.ClaimJob(context.Background(), kind, "n", time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err := b.raw().Exec(`CREATE TRIGGER broken BEFORE UPDATE OF lease_until ON jobs WHEN NEW.state = 'running'
		BEGIN SELECT RAISE(ABORT, 'no renewal'); END`)
	b.must(err)
	b.clock.Advance(time.Hour)
	r := b.one("n", jobs.Kind{})
	if err := jobs.Renew(r, context.Background()); err == nil || !strings.Contains(err.Error(), "no renewal") {
		t.Fatalf("%v", err)
	}
	if got := b.job("a"); got.State != callbackd.JobRunning {
		t.Errorf("%+v", got)
	}
}
