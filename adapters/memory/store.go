package memory

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.Storage = (*Store)(nil)

// Store is the storage. One lock makes every transaction alone, so that none
// has to run again.
type Store struct {
	ports
	lock chan struct{} // a mutex that a context can give up on
	data *data
	tell func(...application.Change)
}

// New returns an empty store with the built-in roles.
func New() *Store {
	s := &Store{lock: make(chan struct{}, 1), data: newData(), tell: func(...application.Change) {}}
	s.ports = ports{s.alone}
	return s
}

// Atomically runs fn once, with the lock held. Using the store itself inside
// fn waits until ctx ends. It is stricter than a database might be: when fn
// says nil although a change of its Tx was refused, nothing is kept.
func (s *Store) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	tx := &transaction{}
	return s.alone(ctx, changing, func(d *data) error {
		tx.data = d
		defer func() { tx.data = nil }()
		if err := fn(ctx, ports{tx.within}); err != nil {
			return err
		}
		if tx.refused != nil {
			return fmt.Errorf("commit after a refused change: %w", tx.refused)
		}
		return ctx.Err()
	})
}

// alone runs work with the lock held, and tells of what it changed.
func (s *Store) alone(ctx context.Context, _ intent, work func(*data) error) error {
	touched, err := s.locked(ctx, work)
	if len(touched) > 0 {
		s.tell(touched...)
	}
	return err
}

// locked runs work with the lock held, and takes it back unless it returns nil.
func (s *Store) locked(ctx context.Context, work func(*data) error) ([]application.Change, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.lock <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.lock }()
	defer s.data.rollback() // of nothing, after a commit
	if err := work(s.data); err != nil {
		return nil, err
	}
	return s.data.commit(), nil
}

// transaction is one run of Atomically's function.
type transaction struct {
	data    *data // nil when it is over
	refused error // of the first change that failed
}

func (tx *transaction) within(ctx context.Context, do intent, work func(*data) error) error {
	if tx.data == nil {
		return errors.New("memory: the transaction is over")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := work(tx.data)
	if err != nil && do == changing && tx.refused == nil {
		tx.refused = err
	}
	return err
}

// Migrate has nothing to do.
func (s *Store) Migrate(ctx context.Context) error { return ctx.Err() }

// Schema says that everything is as it should be.
func (s *Store) Schema(ctx context.Context) (application.SchemaStatus, error) {
	return application.SchemaStatus{Version: 1, Latest: 1, Oldest: 1}, ctx.Err()
}

// Ping returns nil: memory answers.
func (s *Store) Ping(ctx context.Context) error { return ctx.Err() }

// Close has nothing to do.
func (s *Store) Close() error { return nil }
