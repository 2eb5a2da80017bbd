package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s signingKeys) SigningKeys(ctx context.Context) ([]domain.SigningKey, error) {
	return read(ctx, s.within, func(d *data) ([]domain.SigningKey, error) {
		keys := d.signingKeys.take(d.signingKeys.keys(all), len(d.signingKeys.rows))
		slices.SortStableFunc(keys, func(a, b domain.SigningKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
		return keys, nil
	})
}

func (s signingKeys) Put(ctx context.Context, key domain.SigningKey) error {
	return s.within(ctx, changing, func(d *data) error {
		if old, ok := d.signingKeys.find(key.ID); ok {
			key.Algorithm, key.CreatedAt = old.Algorithm, old.CreatedAt
		}
		d.signingKeys.put(key.ID, key)
		d.touch(application.ChangedSigningKey, key.ID)
		return nil
	})
}

func (s signingKeys) Delete(ctx context.Context, id string) error {
	return s.within(ctx, changing, func(d *data) error {
		if !d.signingKeys.remove(id) {
			return domain.ErrSigningKeyNotFound
		}
		d.touch(application.ChangedSigningKey, id)
		return nil
	})
}

func (s secrets) Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	return change(ctx, s.within, func(d *data) ([]byte, error) {
		if there, ok := d.secrets.find(name); ok {
			return there, nil
		}
		d.secrets.put(name, sealed)
		return bytes.Clone(sealed), nil
	})
}

func (s secrets) Secrets(ctx context.Context) (map[string][]byte, error) {
	return read(ctx, s.within, func(d *data) (map[string][]byte, error) {
		copied := maps.Clone(d.secrets.rows)
		for name, sealed := range copied {
			copied[name] = bytes.Clone(sealed)
		}
		return copied, nil
	})
}

func (s secrets) Replace(ctx context.Context, name string, sealed []byte) error {
	return s.within(ctx, changing, func(d *data) error {
		if _, ok := d.secrets.find(name); !ok {
			return domain.ErrNotFound
		}
		d.secrets.put(name, sealed)
		return nil
	})
}

type lease struct {
	holder string
	until  time.Time
}

func (s leases) Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	return change(ctx, s.within, func(d *data) (bool, error) {
		if held, ok := d.leases.find(name); ok && held.holder != holder && now.Before(held.until) {
			return false, nil
		}
		d.leases.put(name, lease{holder, until})
		return true, nil
	})
}

func (s leases) Release(ctx context.Context, name, holder string) error {
	return s.within(ctx, changing, func(d *data) error {
		if held, _ := d.leases.find(name); held.holder == holder {
			d.leases.remove(name)
		}
		return nil
	})
}
