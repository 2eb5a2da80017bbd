package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	_ application.Storage    = (*Store)(nil)
	_ application.ChangeFeed = (*Store)(nil)
)

const (
	lockTimeout = 2 * time.Second // for another process to let go of the file
	beatEvery   = 500 * time.Millisecond
)

// Store is the storage in one file.
type Store struct {
	ports
	db     *bbolt.DB
	writer chan struct{} // held by who writes: bbolt's own lock knows no context
	tell   func(...application.Change)
}

// Open opens a file, or makes an empty one.
func Open(path string) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, fmt.Errorf("%w: another process has %s open; stop it first", domain.ErrUnavailable, path)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, writer: make(chan struct{}, 1), tell: func(...application.Change) {}}
	s.ports = ports{s.within}
	return s, nil
}

// Atomically runs fn once, in bbolt's one write transaction.
func (s *Store) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	return s.within(ctx, writing, func(t *transaction) error {
		defer func() { t.over = true }()
		if err := fn(ctx, ports{t.within}); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// within is a transaction of its own.
func (s *Store) within(ctx context.Context, do intent, work func(*transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if do == writing {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	bolt, err := s.db.Begin(bool(do))
	if err != nil {
		return unavailable("begin a transaction", err)
	}
	defer func() { _ = bolt.Rollback() }() // of nothing, after a commit
	t := &transaction{bolt: bolt}
	if err := t.within(ctx, do, work); err != nil || !t.changed {
		return err
	}
	err = bolt.Commit()
	s.tell(t.touched...) // after an error too: nobody knows what counted
	return unavailable("commit", err)
}

// Migrate creates the buckets and the built-in roles.
func (s *Store) Migrate(ctx context.Context) error {
	return s.within(ctx, writing, func(t *transaction) error {
		if t.bucket(steps.name) != nil {
			return nil
		}
		for _, name := range buckets {
			if _, err := t.bolt.CreateBucket([]byte(name)); err != nil {
				return unavailable("migrate", err)
			}
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		steps.put(t, application.SchemaMigration{Version: 1, Name: "begin", AppliedAt: now})
		for _, role := range domain.BuiltInRoles() {
			role.CreatedAt, role.UpdatedAt = now, now
			roleRows.put(t, role)
		}
		return nil
	})
}

// Schema says where the schema is: there has been one step so far.
func (s *Store) Schema(ctx context.Context) (status application.SchemaStatus, err error) {
	status = application.SchemaStatus{Latest: 1, Steps: []application.SchemaMigration{{Version: 1, Name: "begin"}}}
	err = s.within(ctx, reading, func(t *transaction) error {
		if t.bucket(steps.name) != nil {
			status.Version, status.Oldest = 1, 1
			status.Steps[0], _ = steps.get(t, "begin")
		}
		return nil
	})
	return status, err
}

// Ping returns nil when the file is open.
func (s *Store) Ping(ctx context.Context) error {
	return s.within(ctx, reading, func(*transaction) error { return nil })
}

// Close lets go of the file, when the last transaction has ended.
func (s *Store) Close() error { return s.db.Close() }

// OnChange sets who is told of changes, before the store is used.
func (s *Store) OnChange(tell func(...application.Change)) { s.tell = tell }

// Follow only sends beats: nobody else can change a file that is locked.
func (s *Store) Follow(ctx context.Context, follower application.ChangeFollower) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		follower.Beat(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// unavailable says what was attempted; nil stays nil.
func unavailable(attempted string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", attempted, domain.ErrUnavailable, err)
}
