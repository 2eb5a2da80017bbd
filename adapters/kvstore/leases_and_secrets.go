package kvstore

import (
	"context"
	"slices"
	"time"
)

type (
	leases  struct{ shelf[string, leaseRow] }
	secrets struct{ shelf[string, secretRow] }
)

func (p leases) Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	return ask(ctx, p.within, writing, func(t *transaction) (bool, error) {
		held, err := leaseRows.get(t, name)
		free := err != nil || held.Holder == holder || !now.Before(held.Until)
		if free {
			leaseRows.put(t, leaseRow{name, holder, until})
		}
		return free, nil
	})
}

func (p leases) Release(ctx context.Context, name, holder string) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if held, _ := leaseRows.get(t, name); held.Holder == holder {
			leaseRows.remove(t, name)
		}
		return nil
	})
}

func (p secrets) Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	return ask(ctx, p.within, writing, func(t *transaction) ([]byte, error) {
		there, err := secretRows.get(t, name)
		if err != nil {
			there = secretRow{name, slices.Clone(sealed)}
			secretRows.put(t, there)
		}
		return there.Sealed, nil
	})
}

func (p secrets) Secrets(ctx context.Context) (map[string][]byte, error) {
	rows, err := p.all(ctx)
	byName := make(map[string][]byte, len(rows))
	for _, row := range rows {
		byName[row.Name] = row.Sealed
	}
	return byName, err
}

func (p secrets) Replace(ctx context.Context, name string, sealed []byte) error {
	_, err := p.edit(ctx, name, func(_ *transaction, s *secretRow) bool { s.Sealed = sealed; return true })
	return err
}
