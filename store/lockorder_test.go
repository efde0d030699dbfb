package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/store"
)

// bound is a database with two accounts, in each of which a viewer with a device
// is bound to a follower.
type bound struct {
	*testing.T
	db       *store.DB
	raw      *sql.DB
	accounts []*callbackd.Account
	viewers  []callbackd.Viewer
	later    time.Duration // by which the clock is ahead
}

func newBound(t *testing.T) *bound {
	b := &bound{T: t}
	dsn := testkit.PostgresReused(t)
	b.db = open(t, dsn, func() time.Time { return time.Now().Add(b.later) })
	raw, err := sql.Open("pgx", dsn)
	b.must(err)
	t.Cleanup(func() { raw.Close() })
	b.raw = raw
	for _, slug := range []callbackd.Slug{"first", "second"} {
		a := &callbackd.Account{Slug: slug, Token: "t"}
		b.must(b.db.InsertAccount(t.Context(), a, "test"))
		b.accounts = append(b.accounts, a)
		b.viewers = append(b.viewers, b.bind(a))
		b.register(b.viewers[len(b.viewers)-1], "target of "+string(slug))
	}
	return b
}

func (b *bound) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bound) accept(a *callbackd.Account, c callbackd.Command) {
	b.Helper()
	_, err := b.db.Accept(context.Background(), &store.Callback{Account: a, Key: string(callbackd.NewPublicID()), Body: []byte("b"), ReceivedAt: b.db.Now(),
		CreateTime: b.db.Now(), Outcome: store.OutcomeAccepted, From: "o1", Command: &c})
	b.must(err)
}

func (b *bound) bind(a *callbackd.Account) callbackd.Viewer {
	b.Helper()
	v := b.agreed(a)
	sender, err := b.db.ConfirmBinding(b.Context(), v.ID)
	b.must(err)
	v.Sender = sender
	return v
}

// agreed is a viewer whose follower has said yes.
func (b *bound) agreed(a *callbackd.Account) callbackd.Viewer {
	b.Helper()
	v, err := b.db.InsertViewer(b.Context(), a.ID, []byte(callbackd.NewPublicID()))
	b.must(err)
	code := string(callbackd.NewPublicID())
	b.must(b.db.StartBinding(b.Context(), v, code, b.db.Now().Add(time.Minute)))
	b.accept(a, callbackd.Command{Kind: callbackd.CommandBind, Code: code})
	b.accept(a, callbackd.Command{Kind: callbackd.CommandYes})
	return v
}

func (b *bound) register(v callbackd.Viewer, target string) callbackd.Device {
	b.Helper()
	d, _, err := b.db.InsertDevice(b.Context(), store.NewDevice{Viewer: v, Class: callbackd.ClassPhone, Provider: callbackd.ProviderFCM, Target: "x",
		TargetKey: []byte(target), Proof: []byte("p")})
	b.must(err)
	return d
}

// holds has a stranger take the lock of an account's wall.
func (b *bound) holds(a *callbackd.Account) *stranger {
	b.Helper()
	s := newStranger(b.T, b.raw)
	s.do(fmt.Sprintf("UPDATE walls SET rev = rev WHERE account_id = %d", a.ID))
	return s
}

// Whoever changes several rows of an account takes its wall's lock before any of
// them: two such transactions never hold what the other one waits for.
func TestWallsLockComesFirst(t *testing.T) {
	const first, second = 0, 1
	for name, c := range map[string]struct {
		wall int // whose lock it takes
		do   func(b *bound) error
	}{
		"start a binding": {first, func(b *bound) error {
			return b.db.StartBinding(context.Background(), b.viewers[first], "ABCD2345", b.db.Now().Add(time.Minute))
		}},
		"confirm a binding": {first, func(b *bound) error { return errOf(b.db.ConfirmBinding(context.Background(), b.viewers[2].ID)) }},
		"unbind a viewer":   {first, func(b *bound) error { return errOf(b.db.UnbindViewer(context.Background(), b.viewers[first].ID)) }},
		"unbind a follower": {first, func(b *bound) error { return errOf(b.db.UnbindFollower(context.Background(), b.viewers[first].Sender)) }},
		"change preferences": {first, func(b *bound) error {
			return errOf(b.db.ChangePreferences(context.Background(), b.accounts[first].ID, b.viewers[first].Sender, func(*callbackd.Preferences) error { return nil }))
		}},
		"register a device without a target": {first, func(b *bound) error {
			_, _, err := b.db.InsertDevice(context.Background(), store.NewDevice{Viewer: b.viewers[first], Class: callbackd.ClassPhone})
			return err
		}},
		"register a device":        {first, func(b *bound) error { return b.insert(first, "new") }},
		"move a device here":       {first, func(b *bound) error { return b.insert(first, "target of second") }},
		"move a device from there": {second, func(b *bound) error { return b.insert(first, "target of second") }},
		"give tokens": {first, func(b *bound) error {
			return errOf(b.db.MentionTokens(context.Background(), b.viewers[first].ID, []callbackd.SenderID{b.viewers[first].Sender}))
		}},
		"block": {first, func(b *bound) error {
			return b.db.SetBlocked(context.Background(), b.accounts[first].ID, b.viewers[first].Sender, true, "test")
		}},
		"decide": {first, func(b *bound) error {
			return errOf(b.db.Decide(context.Background(), b.accounts[first].ID, store.By{}, nil))
		}},
		"decide of a sender": {first, func(b *bound) error {
			return errOf(b.db.DecideSender(context.Background(), b.accounts[first].ID, store.By{}, store.SenderVerdict{Decision: callbackd.DecisionRefuse}))
		}},
		"undo": {first, func(b *bound) error {
			if _, err := b.db.Undo(context.Background(), b.accounts[first].ID, store.By{Batch: "none"}); !errors.Is(err, callbackd.ErrNotFound) {
				return err
			}
			return nil
		}},
		"claim": {first, func(b *bound) error {
			return errOf(b.db.ClaimQueue(context.Background(), b.accounts[first].ID, store.Holder{ID: "h"}, 1, time.Minute))
		}},
		"leave": {first, func(b *bound) error { return b.db.ReleaseQueue(context.Background(), b.accounts[first].ID, "h") }},
		"forget": {first, func(b *bound) error {
			b.later = 24 * 365 * time.Hour
			return errOf(b.db.Prune(context.Background(), time.Hour))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBound(t)
			b.viewers = append(b.viewers, b.agreed(b.accounts[first]))
			stranger := b.holds(b.accounts[c.wall])
			ended := make(chan error, 1)
			go func() { ended <- c.do(b) }()
			awaitWaiting(t, b.raw, "UPDATE walls")
			for _, table := range []string{"accounts", "viewers", "bindings", "devices", "preferences", "senders", "mention_tokens"} {
				stranger.do("SELECT 1 FROM " + table + " FOR UPDATE NOWAIT") // fails where one of them is held
			}
			b.must(stranger.tx.Commit())
			b.must(<-ended)
		})
	}
}

func errOf[T any](_ T, err error) error { return err }

func (b *bound) insert(viewer int, target string) error {
	_, _, err := b.db.InsertDevice(context.Background(), store.NewDevice{Viewer: b.viewers[viewer], Class: callbackd.ClassPhone,
		Provider: callbackd.ProviderFCM, Target: "x", TargetKey: []byte(target), Proof: []byte("p")})
	return err
}

// Between the look at who has a target and the lock somebody else takes it: the
// lock of that wall is wanted as well.
func TestInsertDevice_LooksAgainUnderItsLock(t *testing.T) {
	b := newBound(t)
	here, there := b.holds(b.accounts[0]), newStranger(t, b.raw)
	ended := make(chan error, 1)
	go func() { ended <- b.insert(0, "wanted by two") }()
	awaitWaiting(t, b.raw, "UPDATE walls")
	b.must(b.insert(1, "wanted by two"))
	there.do(fmt.Sprintf("UPDATE walls SET rev = rev WHERE account_id = %d", b.accounts[1].ID))
	b.must(here.tx.Commit())
	select {
	case err := <-ended:
		t.Fatalf("it did not take the other wall's lock: %v", err)
	case <-waiting(t, b.raw, "UPDATE walls"):
	}
	b.must(there.tx.Commit())
	b.must(<-ended)
	for i, want := range []int{2, 1} {
		if list, err := b.db.ListDevices(t.Context(), b.viewers[i].Sender); err != nil || len(list) != want {
			t.Errorf("account %d: %d devices, %v, want %d", i, len(list), err, want)
		}
	}
}

// waiting is closed when a statement that begins so waits for a lock, or the test ends.
func waiting(t *testing.T, db *sql.DB, statement string) <-chan struct{} {
	done := make(chan struct{})
	ctx := t.Context()
	go func() {
		defer close(done)
		for n := 0; n == 0 && ctx.Err() == nil; {
			err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
				AND starts_with(query, $1)`, statement).Scan(&n)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return done
}
