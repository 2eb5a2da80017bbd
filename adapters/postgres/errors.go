package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
)

// classify says what an error of lib/pq means.
func classify(err error) sqlstore.Failure {
	if e := pq.As(err); e != nil {
		if errors.As(err, new(connectError)) {
			return sqlstore.Unavailable
		}
		return classifyCode(e)
	}
	var network net.Error
	switch {
	case errors.As(err, new(connectError)),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, context.DeadlineExceeded), errors.As(err, &network), errors.Is(err, net.ErrClosed):
		return sqlstore.Unavailable
	}
	return sqlstore.Defect
}

func classifyCode(e *pq.Error) sqlstore.Failure {
	switch e.Code {
	case pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected:
		return sqlstore.Contended
	case pqerror.UniqueViolation:
		if e.Constraint == "users_email_key" {
			return sqlstore.EmailTaken
		}
		return sqlstore.Defect
	case pqerror.ForeignKeyViolation:
		return sqlstore.UserMissing // every reference is to users
	case pqerror.InvalidTextRepresentation:
		return sqlstore.NoSuchRow
	case pqerror.ReadOnlySQLTransaction:
		return sqlstore.Full
	case pqerror.LockNotAvailable, pqerror.IdleInTransactionSessionTimeout, pqerror.TransactionTimeout:
		return sqlstore.Unavailable
	case pqerror.UndefinedTable: // nobody has migrated yet
		return sqlstore.Unavailable
	}
	switch e.Code.Class() {
	case "53": // insufficient resources: disk full, out of memory, too many connections
		return sqlstore.Full
	case "08", "57", "58", "XX": // connection, operator intervention, system error, internal error
		return sqlstore.Unavailable
	}
	if isStale(e) { // in a transaction, which is lost with it
		return sqlstore.Contended
	}
	return sqlstore.Defect
}

// isStale says that a prepared statement is not there any more, or was planned
// for another schema.
func isStale(err error) bool {
	e := pq.As(err, pqerror.InvalidSQLStatementName, pqerror.FeatureNotSupported)
	return e != nil && (e.Code == pqerror.InvalidSQLStatementName || strings.Contains(e.Message, "cached plan"))
}

// redact returns err without the password of a URL.
func redact(err error, address *url.URL) error {
	text := err.Error()
	if password, ok := address.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "…")
		text = strings.ReplaceAll(text, url.QueryEscape(password), "…")
	}
	text = strings.ReplaceAll(text, address.String(), address.Redacted())
	return errors.New(text)
}
