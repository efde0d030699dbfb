package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"testing/fstest"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	migratesqlite "github.com/golang-migrate/migrate/v4/database/sqlite3"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jmoiron/sqlx"

	"callbackd"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the embedded steps in the words of a dialect, under the
// names that golang-migrate looks for, and the newest version.
func migrations(d dialect) (fs.FS, uint, error) {
	words := strings.NewReplacer("@bytes", "BLOB", "@bytewise", "COLLATE BINARY")
	if d == postgres {
		words = strings.NewReplacer("@bytes", "BYTEA", "@bytewise", `COLLATE "C"`) // dialect: bytes
	}
	out := fstest.MapFS{}
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		text, err := migrationFiles.ReadFile(path.Join("migrations", e.Name()))
		if err != nil {
			return nil, 0, err
		}
		name := strings.TrimSuffix(e.Name(), ".sql") + ".up.sql"
		out[name] = &fstest.MapFile{Data: []byte(words.Replace(string(text)))}
	}
	return out, uint(len(entries)), nil
}

// migrate brings the schema to this version. Steps go forward only; a schema
// that is newer than this program is refused. Several processes may start at
// once: the file lock (SQLite) or golang-migrate's advisory lock (PostgreSQL)
// lets one of them do it.
func (db *DB) migrate(ctx context.Context) error {
	var unlock io.Closer
	if db.dialect == sqlite {
		var err error
		if unlock, err = lockFile(db.dsn+".migrate.lock", syscall.LOCK_EX); err != nil {
			return fmt.Errorf("lock for migration: %w", err)
		}
		defer unlock.Close()
	}
	files, newest, err := migrations(db.dialect)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	source, err := iofs.New(files, ".")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	driver, pool, err := db.migrationDriver()
	if err != nil {
		return fmt.Errorf("open database for migration: %w", withoutPassword(err, db.dsn))
	}
	defer pool.Close()
	m, err := migrate.NewWithInstance("iofs", source, "database", driver)
	if err != nil {
		return fmt.Errorf("prepare migration: %w", err)
	}
	defer m.Close() // its connection is one that closing the pool leaves open
	version, dirty, err := m.Version()
	if err != nil && !errors.Is(err, migrate.ErrNilVersion) {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version > newest {
		return callbackd.Public(callbackd.ErrConflict, fmt.Sprintf(
			"the database has schema %d, this callbackd knows up to %d: run the newer callbackd, or restore the backup from before the upgrade", version, newest), nil)
	}
	if dirty {
		if err := db.settleDirty(ctx, pool, m, int(version)); err != nil {
			return err
		}
	}
	if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// settleDirty goes on after a process was killed between golang-migrate's two
// notes about a step. Each step is one transaction that ends by writing its
// number into schema_log, so the log tells whether it happened.
func (db *DB) settleDirty(ctx context.Context, pool *sqlx.DB, m *migrate.Migrate, version int) error {
	var done int
	err := pool.GetContext(ctx, &done, db.text("SELECT COUNT(*) FROM schema_log WHERE version = ?"), version)
	if err == nil && done == 1 {
		return m.Force(version)
	}
	if version == 1 {
		return m.Force(database.NilVersion)
	}
	return m.Force(version - 1)
}

// migrationDriver opens a pool of its own: golang-migrate closes what it gets.
func (db *DB) migrationDriver() (database.Driver, *sqlx.DB, error) {
	if db.dialect == postgres { // dialect: driver
		pool, err := sqlx.Open("pgx", db.dsn)
		if err != nil {
			return nil, nil, err
		}
		d, err := migratepgx.WithInstance(pool.DB, &migratepgx.Config{MultiStatementEnabled: false})
		return d, pool, err
	}
	pool, err := sqlx.Open("sqlite3", sqliteDSN(db.dsn, false))
	if err != nil {
		return nil, nil, err
	}
	d, err := migratesqlite.WithInstance(pool.DB, &migratesqlite.Config{})
	return d, pool, err
}
