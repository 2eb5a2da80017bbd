package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
)

// DefaultConnectTimeout is how long connecting may take when the URL does not
// say it (connect_timeout, in seconds).
const DefaultConnectTimeout = 2 * time.Second

// finishTimeout is how long a COMMIT or ROLLBACK may take at least.
const finishTimeout = 500 * time.Millisecond

// configure reads a URL. Its errors do not quote it.
func configure(address string) (pq.Config, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return pq.Config{}, errors.New("the database URL is not a URL; it should look like postgres://user:password@host:5432/database")
	}
	if parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return pq.Config{}, fmt.Errorf("the database URL has the scheme %q, not postgres", parsed.Scheme)
	}
	if parsed.Opaque != "" {
		return pq.Config{}, errors.New("the database URL lacks the slashes; it should look like postgres://user:password@host:5432/database")
	}
	config, err := pq.NewConfig(address)
	if err != nil {
		return pq.Config{}, fmt.Errorf("the database URL has a parameter that is wrong: %w", redact(err, parsed))
	}
	if config.ConnectTimeout <= 0 {
		config.ConnectTimeout = DefaultConnectTimeout
	}
	if config.SSLMode == "" {
		config.SSLMode = pq.SSLModePrefer
	}
	switch config.TargetSessionAttrs {
	case "", pq.TargetSessionAttrsAny:
		// A standby answers, and is behind: a session that was ended would still
		// count, and no write would ever succeed. After a failover a name may
		// lead to one for a while.
		config.TargetSessionAttrs = pq.TargetSessionAttrsReadWrite
	case pq.TargetSessionAttrsReadWrite, pq.TargetSessionAttrsPrimary:
	default:
		return pq.Config{}, errors.New("the database URL's target_session_attrs must be read-write or primary: a standby is behind, and takes no writes")
	}
	if config.ApplicationName == "" && config.FallbackApplicationName == "" {
		config.FallbackApplicationName = "sallyport"
	}
	return config, nil
}

// connectError is any reason why there is no connection.
type connectError struct{ cause error }

func (e connectError) Error() string { return "connect to PostgreSQL: " + e.cause.Error() }
func (e connectError) Unwrap() error { return e.cause }

// connector makes connections that keep the deadline of the context that a
// statement comes with. lib/pq itself watches a context in a goroutine and
// cancels over another connection, which a dead server never answers.
type connector struct{ config pq.Config }

func (c connector) Driver() driver.Driver { return pq.Driver{} }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	config := c.config.Clone()
	if deadline, ok := ctx.Deadline(); ok {
		rest := time.Until(deadline)
		if rest <= 0 {
			return nil, connectError{context.DeadlineExceeded}
		}
		config.ConnectTimeout = min(config.ConnectTimeout, rest)
	}
	inner, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, connectError{err}
	}
	dialer := &wireDialer{}
	inner.Dialer(dialer)
	opened, err := inner.Connect(ctx)
	if err != nil {
		return nil, connectError{err}
	}
	conn, ok := opened.(pqConn)
	if !ok {
		_ = opened.Close()
		return nil, connectError{fmt.Errorf("a connection of %T lacks a method of database/sql", opened)}
	}
	return &timedConn{pqConn: conn, wire: dialer.last}, nil
}

// wireDialer remembers the connection that it dialled last: the one in use,
// when several hosts were tried.
type wireDialer struct {
	net.Dialer
	last net.Conn
}

func (d *wireDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	d.last = conn
	return conn, err
}

func (d *wireDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

type pqConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

// timedConn puts the deadline of each call on the socket. A deadline that
// passes breaks the connection, and the pool makes another; so does an answer
// that the server takes no writes, as one that became a standby says.
type timedConn struct {
	pqConn
	wire     net.Conn
	deadline time.Time
	demoted  bool
}

// IsValid reports whether the pool may keep the connection.
func (c *timedConn) IsValid() bool { return !c.demoted && c.pqConn.IsValid() }

// heed notes what an error says of the server.
func (c *timedConn) heed(err error) error {
	if err != nil && pq.As(err, pqerror.ReadOnlySQLTransaction) != nil {
		c.demoted = true
	}
	return err
}

func (c *timedConn) arm(ctx context.Context) {
	deadline, _ := ctx.Deadline() // none: the zero time, which lifts it
	c.until(deadline)
}

func (c *timedConn) until(deadline time.Time) {
	if deadline.Equal(c.deadline) {
		return
	}
	c.deadline = deadline
	_ = c.wire.SetDeadline(deadline) // fails only when it is closed, as the call will
}

// finish gives the end of a transaction a little time, however late it is.
func (c *timedConn) finish() {
	if least := time.Now().Add(finishTimeout); !c.deadline.IsZero() && c.deadline.Before(least) {
		c.until(least)
	}
}

// Close has no errors worth telling: a connection that can't say goodbye is
// gone all the same.
func (c *timedConn) Close() error {
	_ = c.pqConn.Close()
	return nil
}

func (c *timedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	c.arm(ctx)
	stmt, err := c.pqConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, ok := stmt.(pqStmt)
	if !ok {
		return stmt, nil
	}
	return timedStmt{inner, c}, nil
}

func (c *timedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.arm(ctx)
	rows, err := c.pqConn.QueryContext(ctx, query, args)
	return rows, c.heed(err)
}

func (c *timedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.arm(ctx)
	result, err := c.pqConn.ExecContext(ctx, query, args)
	return result, c.heed(err)
}

func (c *timedConn) Ping(ctx context.Context) error {
	c.arm(ctx)
	return c.pqConn.Ping(ctx)
}

func (c *timedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.arm(ctx)
	tx, err := c.pqConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return timedTx{tx, c}, nil
}

type timedTx struct {
	driver.Tx
	conn *timedConn
}

func (tx timedTx) Commit() error {
	tx.conn.finish()
	return tx.Tx.Commit()
}

func (tx timedTx) Rollback() error {
	tx.conn.finish()
	return tx.Tx.Rollback()
}

type pqStmt interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

type timedStmt struct {
	pqStmt
	conn *timedConn
}

func (s timedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.conn.arm(ctx)
	rows, err := s.pqStmt.QueryContext(ctx, args)
	return rows, s.conn.heed(err)
}

func (s timedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.conn.arm(ctx)
	result, err := s.pqStmt.ExecContext(ctx, args)
	return result, s.conn.heed(err)
}

var _ driver.Connector = connector{}

// prepared is connector with each statement prepared once per connection.
func prepared(c connector) driver.Connector { return sqlstore.Prepared(c, isStale) }
