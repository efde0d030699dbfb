package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// walPages is how many pages the WAL takes before the writer folds it into the
// file (32 MiB). Most of them are the same few pages again and again, so fewer
// foldings write less and sync less often.
const walPages = 8192

// sqliteWriter opens the write connection: the DSN and what a DSN cannot say.
type sqliteWriter string

// Driver implements driver.Connector.
func (sqliteWriter) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec(fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", walPages), nil)
		return err
	}}
}

// Connect implements driver.Connector.
func (dsn sqliteWriter) Connect(context.Context) (driver.Conn, error) {
	return dsn.Driver().Open(string(dsn))
}

// hotConn keeps the statements of the group commit prepared on SQLite's one
// write connection, past database/sql, whose locks, conversions and lists of
// statements cost as much as a statement itself. The group commit alone uses
// it, while it holds the connection.
type hotConn struct {
	conn  *sqlite3.SQLiteConn // that the statements belong to
	stmts map[string]*hotStmt
}

// hotStmt is one prepared statement with room for its arguments.
type hotStmt struct {
	stmt driver.Stmt
	args []driver.NamedValue
}

// prepare makes the statements ready on a connection; those of one that is gone
// went with it.
func (h *hotConn) prepare(ctx context.Context, conn *sqlite3.SQLiteConn) error {
	if h.conn == conn {
		return nil
	}
	stmts := map[string]*hotStmt{}
	for _, q := range hotStatements {
		s, err := conn.PrepareContext(ctx, q)
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		stmts[q] = &hotStmt{stmt: s, args: make([]driver.NamedValue, s.NumInput())}
	}
	h.conn, h.stmts = conn, stmts
	return nil
}

// close lets the statements go: a connection with open ones does not end, and
// the WAL stays beside the file.
func (h *hotConn) close() {
	for _, s := range h.stmts {
		_ = s.stmt.Close() // of a connection that is gone there is nothing to close
	}
	h.conn, h.stmts = nil, nil
}

// exec runs the statement and returns how many rows it changed.
func (s *hotStmt) exec(args []any) (int64, error) {
	if len(args) != len(s.args) {
		return 0, fmt.Errorf("%d arguments for %d places", len(args), len(s.args))
	}
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return 0, err
		}
		s.args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	res, err := s.stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.args)
	clear(s.args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// beginHot begins the group commit's transaction. The caller calls done, which
// rolls back what was not committed.
func (db *DB) beginHot(ctx context.Context) (tx *Tx, done func(), err error) {
	if db.dialect != sqlite { // dialect: pgx keeps its statements by itself
		t, err := db.w.BeginTxx(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		return &Tx{db: db, tx: t}, func() { _ = t.Rollback() }, nil
	}
	conn, err := db.w.Connx(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = conn.Raw(func(c any) error { return db.hot.prepare(ctx, c.(*sqlite3.SQLiteConn)) })
	var t *sqlx.Tx
	if err == nil {
		t, err = conn.BeginTxx(ctx, nil)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return &Tx{db: db, tx: t, hot: db.hot.stmts}, func() {
		_ = t.Rollback() // after a commit it does nothing
		_ = conn.Close()
	}, nil
}
