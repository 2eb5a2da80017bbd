package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// watching wraps the one connection that writes, so that it looks, whenever it
// is asked to and at the start of each transaction, whether another process
// has written. Until the end of that transaction no other can.
type watching struct {
	driver.Connector
	moved func() // is told
}

func (w watching) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := w.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(connection)
	if !ok {
		_ = c.Close()
		return nil, fmt.Errorf("sqlite: a connection of %T lacks a method of database/sql", w.Driver())
	}
	return &watchedConn{connection: inner, moved: w.moved}, nil
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
	driver.NamedValueChecker
}

// watchedConn is used by one goroutine at a time, as database/sql promises.
type watchedConn struct {
	connection
	moved   func()
	version int64 // as it was last; never 0 in SQLite, so that a new connection has missed everything
}

// BeginTx looks when the transaction has begun, so that nothing comes between.
func (c *watchedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.connection.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := c.look(ctx); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// look asks SQLite for data_version: it moves when another connection has
// committed, and not with this one's own commits.
func (c *watchedConn) look(ctx context.Context) error {
	rows, err := c.QueryContext(ctx, "PRAGMA data_version", nil)
	if err != nil {
		return err
	}
	value := make([]driver.Value, 1)
	err = rows.Next(value)
	if err := errors.Join(ignoreEnd(err), rows.Close()); err != nil {
		return err
	}
	version, ok := value[0].(int64)
	if !ok {
		return fmt.Errorf("sqlite: data_version is %v", value[0])
	}
	if version != c.version {
		c.version = version
		c.moved()
	}
	return nil
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
