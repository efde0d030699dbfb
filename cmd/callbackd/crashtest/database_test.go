package crashtest

import (
	"context"
	"database/sql"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // driver "sqlite3"

	"callbackd"
)

// database is where the program keeps its rows, and how the test looks at them
// behind its back.
type database struct {
	name string
	dsn  string // of --database
	file string // of SQLite; empty: PostgreSQL
}

func sqliteIn(dir string) database {
	file := filepath.Join(dir, "callbackd.db")
	return database{name: "SQLite", dsn: "sqlite:" + file, file: file}
}

func (d database) settings() []string { return []string{"--database", d.dsn} }

// live opens the rows beside a running server, for reading. It is closed before
// a kill: a connection of ours would keep SQLite's shared memory alive.
func (d database) live(t *testing.T) *sql.DB {
	t.Helper()
	if d.file == "" {
		return openSQL(t, "pgx", d.dsn)
	}
	return openSQL(t, "sqlite3", sqliteURL(d.file)+"?mode=ro&_query_only=true&_busy_timeout=10000")
}

// afterKill opens the rows as the dead left them, until close. Of SQLite it
// opens a copy, so that mending what the dead left remains the program's own work.
func (d database) afterKill(t *testing.T) (db *sql.DB, closeIt func()) {
	t.Helper()
	if d.file == "" {
		db = openSQL(t, "pgx", d.dsn)
		return db, func() { db.Close() }
	}
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		copyFile(t, d.file+suffix, copied+suffix)
	}
	db = openSQL(t, "sqlite3", sqliteURL(copied)+"?_busy_timeout=10000")
	return db, func() {
		db.Close()
		os.RemoveAll(dir) // else fifty of them stay until the test ends
	}
}

func openSQL(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(2)
	return db
}

func sqliteURL(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if os.IsNotExist(err) {
		return // no WAL: everything is in the main file
	}
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

// rows is what can be asked: a database, or a snapshot of it.
type rows interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// query runs fn on each row of a query.
func query(t *testing.T, db rows, text string, fn func(scan func(...any))) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer found.Close()
	for found.Next() {
		fn(func(into ...any) {
			if err := found.Scan(into...); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		})
	}
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// number is the one number that a query gives.
func number(t *testing.T, db rows, text string) (n int64) {
	t.Helper()
	query(t, db, text, func(scan func(...any)) { scan(&n) })
	return n
}

// checkFile asks SQLite whether the file is whole; PostgreSQL has no such question.
func (d database) checkFile(t *testing.T, db rows) {
	t.Helper()
	if d.file == "" {
		return
	}
	query(t, db, "PRAGMA integrity_check", func(scan func(...any)) {
		var said string
		if scan(&said); said != "ok" {
			t.Errorf("PRAGMA integrity_check: %s", said)
		}
	})
	query(t, db, "PRAGMA foreign_key_check", func(scan func(...any)) {
		var table, parent string
		var row, key sql.NullInt64
		scan(&table, &row, &parent, &key)
		t.Errorf("a row of %s points at no row of %s", table, parent)
	})
}

// storedMessage is a message as the rows have it.
type storedMessage struct {
	slug     callbackd.Slug
	id       string // see identify
	publicID string
	state    callbackd.State
	seq, rev int64
}

// storedWall are the counters of a wall.
type storedWall struct{ seq, rev int64 }

// stored is what the rows say.
type stored struct {
	callbacks map[string]int // rows by id, see identify
	messages  map[string][]storedMessage
	walls     map[callbackd.Slug]storedWall
}

// read takes all that callbacks left behind, in one snapshot.
func read(t *testing.T, db *sql.DB) *stored {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it has changed nothing
	s := &stored{callbacks: map[string]int{}, messages: map[string][]storedMessage{}, walls: map[callbackd.Slug]storedWall{}}
	query(t, tx, `SELECT a.slug, w.seq, w.rev FROM walls w JOIN accounts a ON a.id = w.account_id`, func(scan func(...any)) {
		var slug callbackd.Slug
		var w storedWall
		scan(&slug, &w.seq, &w.rev)
		s.walls[slug] = w
	})
	query(t, tx, `SELECT a.slug, m.public_id, s.open_id, m.sent_at, m.msg_id, m.state, COALESCE(m.seq, 0), COALESCE(m.rev, 0)
		FROM messages m JOIN accounts a ON a.id = m.account_id JOIN senders s ON s.id = m.sender_id`, func(scan func(...any)) {
		var m storedMessage
		var from callbackd.OpenID
		var sent, msgID int64
		scan(&m.slug, &m.publicID, &from, &sent, &msgID, &m.state, &m.seq, &m.rev)
		m.id = identifyMessage(m.slug, from, sent, msgID)
		s.messages[m.id] = append(s.messages[m.id], m)
	})
	query(t, tx, `SELECT a.slug, c.raw FROM callbacks c JOIN accounts a ON a.id = c.account_id`, func(scan func(...any)) {
		var slug callbackd.Slug
		var raw []byte
		scan(&slug, &raw)
		s.callbacks[identify(slug, raw)]++
	})
	return s
}

// runningJob is a job that a node has leased.
type runningJob struct {
	id   int64
	kind string
	node string
}

func runningJobs(t *testing.T, db rows) (out []runningJob) {
	t.Helper()
	query(t, db, `SELECT id, kind, node FROM jobs WHERE state = 'running'`, func(scan func(...any)) {
		var j runningJob
		scan(&j.id, &j.kind, &j.node)
		out = append(out, j)
	})
	return out
}
