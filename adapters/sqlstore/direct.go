package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/application"
)

// Execute runs a statement of the dialect's own: it belongs to no port, tells
// of no change, and waits for nobody who uses the pool. So the database needs
// one connection more than the pool has.
func (s *Store) Execute(ctx context.Context, query string, args ...any) error {
	if _, err := s.write.db.ExecContext(bounded{ctx, time.Now().Add(CallTimeout)}, query, args...); err != nil {
		return fmt.Errorf("execute: %w", s.dialect.translate("execute", err))
	}
	return nil
}

// OnWriter runs work with the driver's connection that writes, or one of them,
// as Prepared made it or whatever wraps that.
func (s *Store) OnWriter(ctx context.Context, work func(ctx context.Context, conn any) error) error {
	return s.write.do(ctx, func(ctx context.Context, db *sqlx.DB) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return s.dialect.translate("connect", err)
		}
		defer conn.Close() // hands it back
		return s.dialect.translate("use the writing connection", conn.Raw(func(c any) error { return work(ctx, c) }))
	})
}

// Announce tells of changes that somebody else made.
func (s *Store) Announce(changes ...application.Change) { s.announce(changes) }
