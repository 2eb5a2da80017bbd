package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.Store = (*Store)(nil)

// Store is application.Store over a SQL database.
type Store struct {
	ports
	dialect     *Dialect
	read, write *pool
	writer      *groupWriter // of a dialect with GroupCommit
	changed     func(...application.Change)
}

// Databases are what a Store works on.
type Databases struct {
	Write, Read   *sqlx.DB // may be the same
	Writes, Reads int      // how many connections; when they are the same Reads does not count
}

// New returns a store on databases. It does not talk to them.
func New(dialect *Dialect, databases Databases) *Store {
	s := &Store{dialect: dialect, write: newPool(databases.Write, databases.Writes)}
	s.read = s.write
	if databases.Read != databases.Write {
		s.read = newPool(databases.Read, databases.Reads)
	}
	if dialect.GroupCommit {
		s.writer = newGroupWriter(dialect, s.write)
	}
	s.ports = ports{run: single{s}, dialect: dialect, q: dialect.Queries, called: dialect.Queries.Names()}
	return s
}

// OnChange sets who is told of what a write touched, before the write returns:
// unless it was rolled back cleanly, so also when it is unknown whether it was
// done. It is set before the store is used. What nobody remembers (a new user
// or session, a refresh, sweeping, last use) tells nothing.
func (s *Store) OnChange(tell func(...application.Change)) { s.changed = tell }

func (s *Store) announce(changes []application.Change) {
	if s.changed != nil && len(changes) > 0 {
		s.changed(changes...)
	}
}

// Ping returns nil when a statement would find a connection and the database.
func (s *Store) Ping(ctx context.Context) error {
	err := s.read.do(ctx, func(ctx context.Context, db *sqlx.DB) error {
		return s.dialect.translate("ping", db.PingContext(ctx))
	})
	if err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// Close ends all connections.
func (s *Store) Close() error {
	err := s.write.db.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.db.Close())
	}
	return err
}

// single runs each statement by itself.
type single struct{ *Store }

func (s single) Read(ctx context.Context, do work) error {
	return settled(s.read.do(ctx, func(ctx context.Context, db *sqlx.DB) error { return do(ctx, db) }))
}

// Write tells of changes before it returns.
func (s single) Write(ctx context.Context, changes []application.Change, do work) error {
	err := s.once(ctx, do)
	for attempt := 1; isContended(err) && attempt < maxAttempts; attempt++ {
		if stop := pause(ctx, attempt); stop != nil {
			return stop
		}
		err = s.once(ctx, do)
	}
	if err == nil || isUnknown(err) {
		s.announce(changes)
	}
	return settled(err)
}

func (s single) once(ctx context.Context, do work) error {
	if s.writer != nil {
		return s.writer.do(ctx, do)
	}
	return s.write.do(ctx, func(ctx context.Context, db *sqlx.DB) error { return do(ctx, db) })
}
