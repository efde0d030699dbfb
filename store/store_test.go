package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/seal"
	"callbackd/internal/testkit"
	"callbackd/store"
	"callbackd/store/storetest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func testKey(t *testing.T) *seal.Key {
	t.Helper()
	key, err := seal.NewKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func open(t *testing.T, dsn string, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.Config{DSN: dsn, Key: testKey(t), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func harness(fresh func(t *testing.T) string) storetest.Harness {
	var last string
	return storetest.Harness{
		Open: func(t *testing.T, now func() time.Time) *store.DB {
			last = fresh(t)
			return open(t, last, now)
		},
		Again: func(t *testing.T) *store.DB { return open(t, last, time.Now) },
	}
}

func TestSQLite(t *testing.T) {
	storetest.Exercise(t, harness(func(t *testing.T) string { return storetest.SQLite(t, filepath.Join(t.TempDir(), "c.db")) }))
}

func TestPostgres(t *testing.T) {
	storetest.Exercise(t, harness(func(t *testing.T) string { return testkit.PostgresReused(t) }))
}

func TestOpen_RefusesANewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	open(t, "sqlite:"+path, nil).Close()
	raw, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec("UPDATE schema_migrations SET version = 9999"); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	_, err = store.Open(context.Background(), store.Config{DSN: "sqlite:" + path, Key: testKey(t)})
	if !errors.Is(err, callbackd.ErrConflict) || !strings.Contains(err.Error(), "newer callbackd") {
		t.Fatalf("err = %v", err)
	}
}

func TestOpen_GoesOnAfterAMigrationThatWasCutOff(t *testing.T) {
	for name, happened := range map[string]bool{"before it happened": false, "after it happened": true} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.db")
			if happened {
				open(t, "sqlite:"+path, nil).Close()
			}
			raw, err := sql.Open("sqlite3", path)
			if err != nil {
				t.Fatal(err)
			}
			if happened {
				_, err = raw.Exec("UPDATE schema_migrations SET dirty = 1")
			} else {
				_, err = raw.Exec("CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (1, 1)")
			}
			if err != nil {
				t.Fatal(err)
			}
			raw.Close()
			db := open(t, "sqlite:"+path, nil)
			if err := db.Ping(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What a file browser finds after a clean end is one database file, whole.
func TestClose_LeavesNothingBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	db := open(t, "sqlite:"+filepath.Join(dir, "c.db"), nil)
	a := &callbackd.Account{Slug: "spring", Name: "n", Token: "t"}
	if err := db.InsertAccount(t.Context(), a, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Accept(t.Context(), &store.Callback{Account: a, Key: "k", ReceivedAt: time.Now(), CreateTime: time.Now(), Outcome: store.OutcomeAccepted}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"c.db-wal", "c.db-shm"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

func TestSecretsAreSealedInTheFile(t *testing.T) {
	dir := t.TempDir()
	db := open(t, "sqlite:"+filepath.Join(dir, "c.db"), nil)
	a := &callbackd.Account{Slug: "spring", Name: "n", Token: "tok-in-the-clear", AppSecret: "app-in-the-clear", AESKey: "aes-in-the-clear",
		MPWeb: &callbackd.MPWebLogin{Username: "u", Password: "pwd-in-the-clear"}}
	if err := db.InsertAccount(context.Background(), a, "test"); err != nil {
		t.Fatal(err)
	}
	if err := db.SetSession(context.Background(), a.ID, []byte("cookie-in-the-clear")); err != nil {
		t.Fatal(err)
	}
	bindDevice(t, db, a, "target-in-the-clear")
	db.Close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("in-the-clear")) {
			t.Errorf("%s holds a secret in the clear", e.Name())
		}
	}
}

// bindDevice registers a device of a follower with this target, by the way of a
// code that is in the clear as well.
func bindDevice(t *testing.T, db *store.DB, a *callbackd.Account, target callbackd.Secret) {
	t.Helper()
	ctx := context.Background()
	v, err := db.InsertViewer(ctx, a.ID, []byte("token"))
	if err == nil {
		err = db.StartBinding(ctx, v, "code-in-the-clear", time.Now().Add(time.Minute))
	}
	for i, c := range []callbackd.Command{{Kind: callbackd.CommandBind, Code: "code-in-the-clear"}, {Kind: callbackd.CommandYes}} {
		if err == nil {
			_, err = db.Accept(ctx, &store.Callback{Account: a, Key: strconv.Itoa(i), ReceivedAt: time.Now(), CreateTime: time.Now(),
				Outcome: store.OutcomeAccepted, From: "o1", Command: &c})
		}
	}
	if err == nil {
		v.Sender, err = db.ConfirmBinding(ctx, v.ID)
	}
	if err == nil {
		_, _, err = db.InsertDevice(ctx, store.NewDevice{Viewer: v, Class: callbackd.ClassPhone, Provider: callbackd.ProviderFCM, Target: target,
			TargetKey: []byte("key"), Proof: []byte("proof")})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecrets_AnotherKeyIsAClearError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	db := open(t, "sqlite:"+path, nil)
	if err := db.InsertAccount(context.Background(), &callbackd.Account{Slug: "spring", Token: "t"}, "test"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	key, err := seal.NewKey(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(context.Background(), store.Config{DSN: "sqlite:" + path, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.GetAccount(context.Background(), "spring"); err == nil || !strings.Contains(err.Error(), "--secret-key-file") {
		t.Fatalf("err = %v", err)
	}
}

func TestLockDir_SecondServerIsRefused(t *testing.T) {
	dir := t.TempDir()
	first, err := store.LockDir(dir)
	if err != nil || first.Previous != "" {
		t.Fatal(first, err)
	}
	if _, err := store.LockDir(dir); !errors.Is(err, callbackd.ErrConflict) {
		t.Fatalf("err = %v", err)
	}
	first.Close()
}

func TestLockDir_TellsWhoseLeasesBelongToNobody(t *testing.T) {
	dir := t.TempDir()
	lock := func(takeOver bool) *store.Lock {
		t.Helper()
		l, err := store.LockDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if takeOver {
			if err := l.TakeOver(); err != nil {
				t.Fatal(err)
			}
		}
		l.Close() // as the kernel does after a kill
		return l
	}
	first := lock(true)
	second := lock(false) // killed while it started: it has leased nothing, and rescued nothing
	third := lock(true)
	fourth := lock(false)
	if first.Previous != "" || second.Previous != first.Node || third.Previous != first.Node || fourth.Previous != third.Node {
		t.Fatalf("%+v, %+v, %+v, %+v", first, second, third, fourth)
	}
	if first.Node == third.Node {
		t.Fatal("two starts have one id")
	}
}

// The server is killed, and its last commit is still on its way in the database.
func TestRescueJobs_WaitsForClaimsThatTheDeadHadSent(t *testing.T) {
	ctx := t.Context()
	dsn := testkit.PostgresReused(t)
	db := open(t, dsn, nil)
	if err := db.Enqueue(ctx, callbackd.Job{Kind: "work", Key: "a", DueAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	last, err := raw.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Rollback() //nolint:errcheck // committed below
	if _, err := last.ExecContext(ctx, "UPDATE jobs SET state = 'running', node = 'dead', lease_until = 9000000000000"); err != nil {
		t.Fatal(err)
	}
	rescued := make(chan int64, 1)
	go func() {
		n, err := db.RescueJobs(ctx, "dead")
		if err != nil {
			t.Error(err)
		}
		rescued <- n
	}()
	for waiting := 0; waiting == 0; {
		select {
		case n := <-rescued:
			t.Fatalf("it did not wait, and rescued %d", n)
		default:
		}
		if err := raw.QueryRowContext(ctx, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'jobs'::regclass").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := last.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := <-rescued; n != 1 {
		t.Fatalf("rescued %d", n)
	}
}
