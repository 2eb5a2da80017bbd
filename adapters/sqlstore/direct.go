package sqlstore

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Execute runs a statement of the dialect's own on a writing connection: it
// belongs to no port and tells of no change.
func (s *Store) Execute(ctx context.Context, query string, args ...any) error {
	return s.write.do(ctx, func(ctx context.Context, db *sqlx.DB) error {
		if _, err := db.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("execute: %w", s.dialect.translate("execute", err))
		}
		return nil
	})
}

// Number returns the one number that a query of the dialect's own answers with
// on a writing connection.
func (s *Store) Number(ctx context.Context, query string) (int64, error) {
	var n int64
	err := s.write.do(ctx, func(ctx context.Context, db *sqlx.DB) error {
		if err := db.GetContext(ctx, &n, query); err != nil {
			return fmt.Errorf("query: %w", s.dialect.translate("query", err))
		}
		return nil
	})
	return n, err
}
