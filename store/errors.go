package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"

	"callbackd"
)

// kind turns an error of a driver into one of the root sentinels.
func kind(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w", callbackd.ErrNotFound)
	}
	// mattn returns sqlite3.Error by value: a pointer target never matches.
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		switch {
		case lite.Code == sqlite3.ErrConstraint:
			return fmt.Errorf("%w: %w", callbackd.ErrConflict, err)
		case lite.Code == sqlite3.ErrBusy, lite.Code == sqlite3.ErrLocked, lite.Code == sqlite3.ErrFull, lite.Code == sqlite3.ErrIoErr:
			return fmt.Errorf("%w: %w", callbackd.ErrUnavailable, err)
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "23": // integrity constraint violation
			return fmt.Errorf("%w: %w", callbackd.ErrConflict, err)
		case "40", "53", "57", "08": // rollback, resources, operator intervention, connection
			return fmt.Errorf("%w: %w", callbackd.ErrUnavailable, err)
		}
	}
	return err
}

// isNoRows reports whether a query of one row found none, inside a transaction;
// outside of one it is callbackd.ErrNotFound already.
func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// isDeadlock reports whether PostgreSQL gave a transaction up in favour of
// another one: the same again may succeed.
func isDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code[:2] == "40"
}
