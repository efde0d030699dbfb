package store_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/store"
)

// stranger is a transaction that locks in the wrong order, and that PostgreSQL
// never gives up in favour of the other.
type stranger struct {
	t  *testing.T
	tx *sql.Tx
}

func newStranger(t *testing.T, db *sql.DB) *stranger {
	t.Helper()
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	s := &stranger{t, tx}
	s.do("SET LOCAL deadlock_timeout = '1h'")
	return s
}

func (s *stranger) do(statement string) {
	if _, err := s.tx.Exec(statement); err != nil {
		s.t.Errorf("%s: %v", statement, err)
	}
}

// begin runs a statement that has to wait; the channel closes when it is done.
func (s *stranger) begin(statement string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.do(statement)
	}()
	return done
}

// awaitWaiting returns when a statement that begins so waits for a lock.
func awaitWaiting(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		var n int
		err := db.QueryRow(`SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
			AND starts_with(query, $1)`, statement).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %q to wait for a lock", statement)
		}
		time.Sleep(time.Millisecond) // leaves the machine to those who are waited for
	}
}

// The first deadlock ends the batch, the others the callback by itself.
func TestAccept_TriesAgainAfterDeadlocks(t *testing.T) {
	dsn := testkit.PostgresReused(t)
	db := open(t, dsn, nil)
	a := &callbackd.Account{Slug: "spring", Token: "t", MPWeb: &callbackd.MPWebLogin{Username: "u", Password: "p", Dialect: callbackd.Dialect2014}}
	if err := db.InsertAccount(t.Context(), a, "test"); err != nil {
		t.Fatal(err)
	}
	accept := func(key string) error {
		_, err := db.Accept(context.Background(), &store.Callback{Account: a, Key: key, Body: []byte("b"), ReceivedAt: time.Now(), CreateTime: time.Now(),
			Outcome: store.OutcomeAccepted, From: "o1", Search: true, Message: &callbackd.Message{Kind: callbackd.KindText, Text: "t", SentAt: time.Now()}})
		return err
	}
	if err := accept("first"); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	// The lock of the table, and not of the row: for that, accept's next try may be
	// quicker than the stranger that waits.
	const lockSender, lockWall = "UPDATE senders SET approved = approved", "LOCK TABLE walls IN SHARE MODE"

	other := newStranger(t, raw)
	other.do(lockSender)
	other.do("SAVEPOINT before_wall")
	accepted := make(chan error, 1)
	go func() { accepted <- accept("second") }()
	for range 3 {
		awaitWaiting(t, raw, "UPDATE senders") // accept has the wall
		<-other.begin(lockWall)                // has come: accept was given up
		awaitWaiting(t, raw, "UPDATE walls")
		other.do("ROLLBACK TO before_wall") // which lets the wall go, and not the sender
	}
	awaitWaiting(t, raw, "UPDATE senders")
	if err := other.tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
}
