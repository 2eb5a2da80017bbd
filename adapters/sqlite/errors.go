package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
)

// classify says what an error of SQLite means. A write that failed was rolled
// back, so nothing is ever in doubt.
func classify(err error) sqlstore.Failure {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, context.DeadlineExceeded) {
			return sqlstore.Unavailable
		}
		return sqlstore.Defect
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		if strings.Contains(e.Error(), "users.email") {
			return sqlstore.EmailTaken
		}
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return sqlstore.UserMissing // every reference is to users
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_PROTOCOL:
		return sqlstore.Full
	case sqlite3.SQLITE_IOERR:
		return sqlstore.Unavailable
	case sqlite3.SQLITE_ERROR: // it has no code of its own for this
		if strings.Contains(e.Error(), "no such table") { // nobody has migrated yet
			return sqlstore.Unavailable
		}
	}
	return sqlstore.Defect
}

// isStale is never: SQLite prepares a statement anew by itself when the schema
// has changed.
func isStale(error) bool { return false }
