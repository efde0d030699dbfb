// Package store holds all SQL of callbackd: accounts, callbacks, messages,
// senders, persons, media, walls, jobs, audit, viewers, devices, notices.
//
// One SQL text serves SQLite and PostgreSQL; storetest is the specification and
// runs on both. Queries use ? only, bound by position. Times are unix
// milliseconds. Nothing here talks to a network other than the database, and
// nothing rings inside a transaction: whoever waits for changes is told after
// the commit (watch.go).
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // driver "sqlite3"

	"callbackd"
	"callbackd/internal/seal"
)

// Config says which database to open.
type Config struct {
	// DSN is "sqlite:PATH" or "postgres://…".
	DSN string
	// Key seals secrets at rest.
	Key *seal.Key
	Log *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

type dialect int

const (
	sqlite dialect = iota
	postgres
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	dialect dialect
	dsn     string
	w       *sqlx.DB // SQLite: exactly one connection, so that writers queue here and not in the file
	r       *sqlx.DB
	key     *seal.Key
	log     *slog.Logger
	now     func() time.Time
	ids     *idSource
	senders *senderCache
	accepts *acceptor
	bell    *bell

	statements atomic.Int64 // sent so far

	hot   hotConn    // SQLite: of the group commit alone
	mu    sync.Mutex // guards texts
	texts map[string]string
}

// Open connects, brings the schema to this version, and starts the group
// commit. Close stops it.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db := &DB{key: cfg.Key, log: cfg.Log, now: cfg.Now, ids: newIDSource(),
		senders: newSenderCache(), bell: newBell(), texts: map[string]string{}}
	if db.now == nil {
		db.now = time.Now
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if err := db.connect(cfg.DSN); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		db.closePools()
		return nil, err
	}
	db.accepts = startAcceptor(db)
	return db, nil
}

func (db *DB) connect(dsn string) error {
	var err error
	switch {
	case strings.HasPrefix(dsn, "sqlite:"):
		db.dialect, db.dsn = sqlite, strings.TrimPrefix(dsn, "sqlite:")
		db.w = sqlx.NewDb(sql.OpenDB(sqliteWriter(sqliteDSN(db.dsn, false))), "sqlite3")
		db.w.SetMaxOpenConns(1)
		if db.r, err = sqlx.Open("sqlite3", sqliteDSN(db.dsn, true)); err != nil {
			return fmt.Errorf("open database for reading: %w", err)
		}
		db.r.SetMaxOpenConns(5) // one of them watches; more readers only let the WAL grow
		db.r.SetMaxIdleConns(5)
	case strings.HasPrefix(dsn, "postgres://"), strings.HasPrefix(dsn, "postgresql://"):
		db.dialect, db.dsn = postgres, dsn
		if db.w, err = sqlx.Open("pgx", dsn); err != nil {
			return fmt.Errorf("open database: %w", withoutPassword(err, dsn))
		}
		db.w.SetMaxOpenConns(12)
		db.w.SetMaxIdleConns(12)
		db.r = db.w
	default:
		return callbackd.Public(callbackd.ErrInvalid, "--database must be sqlite:PATH or postgres://…", nil)
	}
	return nil
}

// sqliteDSN keeps every pragma in the DSN: one sent through the pool would
// reach one connection only.
func sqliteDSN(path string, readOnly bool) string {
	q := url.Values{}
	q.Set("_journal_mode", "WAL")
	q.Set("_synchronous", "FULL")
	q.Set("_busy_timeout", "10000")
	q.Set("_foreign_keys", "on")
	q.Set("_secure_delete", "on")
	q.Set("_stmt_cache_size", "64")
	if readOnly {
		q.Del("_journal_mode") // a reader cannot change it, and need not
		q.Set("mode", "ro")
		q.Set("_query_only", "true")
	} else {
		q.Set("_txlock", "immediate")
		q.Set("_cache_size", "-32000") // KiB
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// withoutPassword keeps a DSN's password out of an error.
func withoutPassword(err error, dsn string) error {
	if u, perr := url.Parse(dsn); perr == nil {
		return errors.New(strings.ReplaceAll(err.Error(), dsn, u.Redacted()))
	}
	return errors.New("the database URL cannot be read")
}

// Close ends the group commit after what has queued, then the connections.
func (db *DB) Close() error {
	db.accepts.stop()
	db.hot.close()
	return db.closePools()
}

func (db *DB) closePools() error {
	var err error
	if db.r != db.w && db.r != nil {
		err = db.r.Close() // readers first: the writer, as the last one, folds the WAL into the file
	}
	return errors.Join(err, db.w.Close())
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.r.PingContext(ctx) }

// Now is the store's clock.
func (db *DB) Now() time.Time { return db.now() }

// Statements is how many statements were sent to the database so far, for those
// who watch what something costs.
func (db *DB) Statements() int64 { return db.statements.Load() }

// Tx is a write transaction.
type Tx struct {
	db   *DB
	tx   *sqlx.Tx
	hot  map[string]*hotStmt // statements that go past database/sql; nil: none
	ring ringing
}

// ringing is what a transaction changed that somebody waits for.
type ringing struct{ walls, jobs, config, notices, queue, other bool }

// Write runs fn in one write transaction and, after the commit, tells whoever
// waits for what it changed. fn does no I/O beside the transaction.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	t, err := db.w.BeginTxx(ctx, nil)
	if err != nil {
		return kind(err)
	}
	tx := &Tx{db: db, tx: t}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := fn(tx); err != nil {
		return kind(err)
	}
	return kind(tx.commit(ctx))
}

// commit tells other nodes in the transaction, and this process after it.
func (tx *Tx) commit(ctx context.Context) error {
	if tx.db.dialect == postgres && tx.ring != (ringing{}) { // dialect: NOTIFY
		if _, err := tx.tx.ExecContext(ctx, "SELECT pg_notify('callbackd', '')"); err != nil {
			return err
		}
	}
	if err := tx.tx.Commit(); err != nil {
		return err
	}
	tx.db.bell.ring(tx.ring)
	return nil
}

// text is a query in the dialect's placeholders.
func (db *DB) text(query string) string {
	if db.dialect == sqlite {
		return query
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	t, ok := db.texts[query]
	if !ok {
		t = sqlx.Rebind(sqlx.DOLLAR, query)
		db.texts[query] = t
	}
	return t
}

func (tx *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tx.db.statements.Add(1)
	if s, ok := tx.hot[query]; ok {
		return s.exec(args)
	}
	res, err := tx.tx.ExecContext(ctx, tx.db.text(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (tx *Tx) get(ctx context.Context, dst any, query string, args ...any) error {
	tx.db.statements.Add(1)
	return tx.tx.GetContext(ctx, dst, tx.db.text(query), args...)
}

func (tx *Tx) sel(ctx context.Context, dst any, query string, args ...any) error {
	tx.db.statements.Add(1)
	return tx.tx.SelectContext(ctx, dst, tx.db.text(query), args...)
}

func (db *DB) get(ctx context.Context, dst any, query string, args ...any) error {
	db.statements.Add(1)
	return kind(db.r.GetContext(ctx, dst, db.text(query), args...))
}

func (db *DB) sel(ctx context.Context, dst any, query string, args ...any) error {
	db.statements.Add(1)
	return kind(db.r.SelectContext(ctx, dst, db.text(query), args...))
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(v int64) time.Time {
	if v == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}
