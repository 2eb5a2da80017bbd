package sqlstore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// Prepared returns a connector whose connections prepare each statement when
// they first run it, and keep it. A database that is down at the start is no
// failure for ever, and no statement is looked up under a lock that
// connections share.
//
// Stale says that an error means that the server does not know the statement
// any more, or planned it for another schema. Then it is prepared anew and run
// once more, in a transaction by running that again.
func Prepared(connector driver.Connector, stale func(error) bool) driver.Connector {
	return preparing{connector, stale}
}

type preparing struct {
	driver.Connector
	stale func(error) bool
}

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(connection)
	if !ok {
		_ = c.Close()
		return nil, fmt.Errorf("sqlstore: a connection of %T lacks a method of database/sql", p.Driver())
	}
	return &preparedConn{connection: inner, stale: p.stale, stmts: map[string]statement{}}, nil
}

// connection is what a driver's connection must be able to do.
type connection interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

// preparedConn is used by one goroutine at a time, as database/sql promises.
type preparedConn struct {
	connection
	stale func(error) bool
	stmts map[string]statement
	inTx  bool
}

// CheckNamedValue lets the driver convert arguments, if it wants to.
func (c *preparedConn) CheckNamedValue(nv *driver.NamedValue) error {
	if checker, ok := c.connection.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(nv)
	}
	return driver.ErrSkip
}

// Unprepared begins a query that is not prepared, so that it is planned for the
// values that it has this time.
const Unprepared = "/* not prepared */ "

func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (rows driver.Rows, err error) {
	if strings.HasPrefix(query, Unprepared) {
		return c.connection.QueryContext(ctx, query, args)
	}
	err = c.with(ctx, query, func(s statement) error {
		rows, err = s.QueryContext(ctx, args)
		return err
	})
	return rows, err
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (result driver.Result, err error) {
	err = c.with(ctx, query, func(s statement) error {
		result, err = s.ExecContext(ctx, args)
		return err
	})
	return result, err
}

func (c *preparedConn) with(ctx context.Context, query string, run func(statement) error) error {
	s, err := c.statement(ctx, query)
	if err != nil {
		return err
	}
	if err = run(s); err == nil || !c.stale(err) {
		return err
	}
	delete(c.stmts, query)
	if c.inTx { // the transaction is lost
		return err
	}
	_ = s.Close() // the server may know it no more
	if s, err = c.statement(ctx, query); err != nil {
		return err
	}
	return run(s)
}

func (c *preparedConn) statement(ctx context.Context, query string) (statement, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := prepared.(statement)
	if !ok {
		_ = prepared.Close()
		return nil, fmt.Errorf("sqlstore: a statement of %T lacks a method of database/sql", c.connection)
	}
	c.stmts[query] = s
	return s, nil
}

func (c *preparedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.connection.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return preparedTx{tx, c}, nil
}

type preparedTx struct {
	driver.Tx
	conn *preparedConn
}

func (tx preparedTx) Commit() error {
	tx.conn.inTx = false
	return tx.Tx.Commit()
}

func (tx preparedTx) Rollback() error {
	tx.conn.inTx = false
	return tx.Tx.Rollback()
}
