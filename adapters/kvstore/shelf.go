package kvstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

// shelf is what the ports have in common: the rows of one table.
type shelf[K ~string, V any] struct {
	within
	rows  table[K, V]
	admit func(*transaction, *V) error // may refuse a row, or alter it; nil does neither
}

func on[K ~string, V any](p ports, rows table[K, V], admit func(*transaction, *V) error) shelf[K, V] {
	return shelf[K, V]{p.within, rows, admit}
}

// Put adds a row, or replaces the one of the same key.
func (s shelf[K, V]) Put(ctx context.Context, row V) error {
	return s.within(ctx, writing, func(t *transaction) error {
		if s.admit != nil {
			if err := s.admit(t, &row); err != nil {
				return err
			}
		}
		s.rows.put(t, row)
		return nil
	})
}

// Insert is Put of a row that is not there.
func (s shelf[K, V]) Insert(ctx context.Context, row V) error { return s.Put(ctx, row) }

// Delete removes a row, or says that it is missing.
func (s shelf[K, V]) Delete(ctx context.Context, key K) error {
	removed, err := s.remove(ctx, key)
	if err == nil && !removed {
		err = s.rows.missing
	}
	return err
}

func (s shelf[K, V]) remove(ctx context.Context, key K) (bool, error) {
	return ask(ctx, s.within, writing, func(t *transaction) (bool, error) { return s.rows.remove(t, key) > 0, nil })
}

func (s shelf[K, V]) find(ctx context.Context, key K) (V, error) {
	return ask(ctx, s.within, reading, func(t *transaction) (V, error) { return s.rows.get(t, key) })
}

// edit writes a row again unless change says no, and reports whether it did.
func (s shelf[K, V]) edit(ctx context.Context, key K, change func(*transaction, *V) bool) (bool, error) {
	return ask(ctx, s.within, writing, func(t *transaction) (bool, error) {
		row, err := s.rows.get(t, key)
		if err != nil || !change(t, &row) {
			return false, err
		}
		s.rows.put(t, row)
		return true, nil
	})
}

func (s shelf[K, V]) list(ctx context.Context, page application.Page[K], descending bool, match func(V) bool) ([]V, error) {
	return ask(ctx, s.within, reading, func(t *transaction) ([]V, error) { return s.rows.list(t, page, descending, match), nil })
}

func (s shelf[K, V]) all(ctx context.Context) ([]V, error) {
	return s.list(ctx, application.Page[K]{Limit: unlimited}, false, every)
}

func every[V any](V) bool { return true }

// sweep removes up to limit rows whose time has come.
func (s shelf[K, V]) sweep(ctx context.Context, by index[K, V], now time.Time, limit int) (int, error) {
	return ask(ctx, s.within, writing, func(t *transaction) (int, error) {
		return s.rows.remove(t, by.upTo(t, moment(now), limit)...), nil
	})
}
