package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/internal/testkit"
	"callbackd/store"
)

func open(t testing.TB, dsn string) *store.DB {
	key, err := seal.LoadOrCreateKey(filepath.Join(t.TempDir(), "k"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), store.Config{DSN: dsn, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func smoke(t *testing.T, db *store.DB) {
	ctx := context.Background()
	a := &callbackd.Account{Slug: "a1", Name: "A", Token: "tok", AESKey: "k", Mode: "safe", Moderation: "open",
		MPWeb: &callbackd.MPWebLogin{Username: "u", Password: "p", Dialect: "2014"}}
	if err := db.InsertAccount(ctx, a, "test"); err != nil {
		t.Fatal(err)
	}
	got, err := db.GetAccount(ctx, "a1")
	if err != nil || got.Token != "tok" || got.MPWeb.Password != "p" {
		t.Fatal(err, got)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			now := time.Now()
			cb := &store.Callback{Account: a, Key: fmt.Sprint("k", i/2), Request: []byte(fmt.Sprint("r", i)), Body: []byte("b"), ReceivedAt: now,
				CreateTime: now, Outcome: store.OutcomeAccepted, MsgType: "voice", From: callbackd.OpenID(fmt.Sprint("o", i%7)), Search: true, Raw: []byte("raw"),
				Message: &callbackd.Message{Kind: "voice", Text: "hi", SentAt: now}, Media: &callbackd.Media{WeChatID: "m"}}
			if _, err := db.Accept(ctx, cb); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rev, rows, err := db.ListShown(ctx, a.ID, store.Span{Limit: 200})
	if err != nil || rev != 100 || len(rows) != 100 {
		t.Fatal(err, rev, len(rows))
	}
	if err := db.SetPerson(ctx, a.ID, store.Resolution{FakeID: "123", OpenID: "o3", Profile: callbackd.Profile{Nickname: "小明"}, ReadAt: time.Now(),
		Avatar: &store.NewAvatar{Blob: "x", Type: "image/jpeg", Size: 3, Digest: []byte("d")}}); err != nil {
		t.Fatal(err)
	}
	j, err := db.ClaimJob(ctx, callbackd.JobMediaFetch, "n1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.FinishJob(ctx, j.ID, "n1", store.JobOutcome{State: callbackd.JobDone}); err != nil {
		t.Fatal(err)
	}
	row, err := db.GetMessage(ctx, a.ID, rows[3].Message.PublicID)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetMediaReady(ctx, row.Media.ID, store.Made{Main: callbackd.Variant{Blob: "b", Type: "audio/mpeg", Size: 3}, Duration: time.Second, Waveform: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Moderate(ctx, a.ID, row.Message.PublicID, callbackd.DecisionRemove, "t"); err != nil {
		t.Fatal(err)
	}
	ch, err := db.ListChanged(ctx, a.ID, rev, 200)
	if err != nil || len(ch) == 0 {
		t.Fatal(err, len(ch))
	}
	if s, err := db.ListSeekers(ctx, a.ID, time.Now(), 10); err != nil || len(s) != 6 {
		t.Fatal(err, s)
	}
	if _, err := db.Prune(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := db.RescueJobs(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func() error{
		func() error { _, e := db.CountJobs(ctx); return e }, func() error { _, e := db.CountSenders(ctx); return e },
		func() error { _, e := db.CountMedia(ctx); return e }, func() error { _, _, e := db.NextJobDue(ctx, "resolve"); return e },
		func() error { _, e := db.ListPersons(ctx, a.ID, true, 10); return e }, func() error { _, e := db.ListAudit(ctx, a.ID, 10); return e },
		func() error { return db.SetSession(ctx, a.ID, []byte("s")) }, func() error { _, _, e := db.GetSession(ctx, a.ID); return e },
		func() error { return db.SetFact(ctx, a.ID, "x", "y") }, func() error { _, e := db.ListPersonsElsewhere(ctx, a.ID, "o", "1"); return e },
		func() error { return db.SetJoinCode(ctx, a.ID, store.JoinCode{URL: "u"}) }, func() error { return db.InsertPage(ctx, a.ID, "p", []byte("x")) },
		func() error { return db.SetAccount(ctx, got, "t") }, func() error { _, e := db.DeleteAccount(ctx, a.ID, "t"); return e },
	} {
		if err := f(); err != nil {
			t.Error(err)
		}
	}
}

func TestSmokeSQLite(t *testing.T)   { smoke(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "x.db"))) }
func TestSmokePostgres(t *testing.T) { smoke(t, open(t, testkit.Postgres(t))) }
func TestMain(m *testing.M)          { testkit.Main(m) }
