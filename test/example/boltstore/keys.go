package boltstore

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type (
	apiKeys     struct{ within }
	signingKeys struct{ within }
	secrets     struct{ within }
	leases      struct{ within }
)

func (p apiKeys) Insert(ctx context.Context, key domain.APIKey) error {
	return put(ctx, p.within, apiKeyRows, key)
}

func (p apiKeys) APIKey(ctx context.Context, id domain.APIKeyID) (domain.APIKey, error) {
	return find(ctx, p.within, apiKeyRows, id)
}

func (p apiKeys) List(ctx context.Context, page application.Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	return list(ctx, p.within, apiKeyRows, page, false, all)
}

func (p apiKeys) Revoke(ctx context.Context, id domain.APIKeyID, now time.Time) (bool, error) {
	return edit(ctx, p.within, apiKeyRows, id, func(t *transaction, key *domain.APIKey) bool {
		if !key.RevokedAt.IsZero() {
			return false
		}
		key.RevokedAt = now
		t.touch(application.ChangedAPIKey, string(id))
		return true
	})
}

func (p apiKeys) Touch(ctx context.Context, used map[domain.APIKeyID]time.Time) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for id, at := range used {
			if key, err := apiKeyRows.get(t, id); err == nil && at.After(key.LastUsedAt) {
				key.LastUsedAt = at
				apiKeyRows.put(t, key)
			}
		}
		return nil
	})
}

func (p signingKeys) SigningKeys(ctx context.Context) ([]domain.SigningKey, error) {
	keys, err := list(ctx, p.within, signingKeyRows, application.Page[string]{Limit: unlimited}, false, all)
	slices.SortStableFunc(keys, func(a, b domain.SigningKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys, err
}

func (p signingKeys) Put(ctx context.Context, key domain.SigningKey) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if old, err := signingKeyRows.get(t, key.ID); err == nil {
			key.Algorithm, key.CreatedAt = old.Algorithm, old.CreatedAt
		}
		signingKeyRows.put(t, key)
		t.touch(application.ChangedSigningKey, key.ID)
		return nil
	})
}

func (p signingKeys) Delete(ctx context.Context, id string) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if !signingKeyRows.remove(t, id) {
			return domain.ErrSigningKeyNotFound
		}
		t.touch(application.ChangedSigningKey, id)
		return nil
	})
}

func (p secrets) Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	return ask(ctx, p.within, writing, func(t *transaction) ([]byte, error) {
		if there, err := secretRows.get(t, name); err == nil {
			return there.Sealed, nil
		}
		secretRows.put(t, secret{name, sealed})
		return slices.Clone(sealed), nil
	})
}

func (p secrets) Secrets(ctx context.Context) (map[string][]byte, error) {
	rows, err := list(ctx, p.within, secretRows, application.Page[string]{Limit: unlimited}, false, all)
	byName := map[string][]byte{}
	for _, row := range rows {
		byName[row.Name] = row.Sealed
	}
	return byName, err
}

func (p secrets) Replace(ctx context.Context, name string, sealed []byte) error {
	_, err := edit(ctx, p.within, secretRows, name, func(_ *transaction, s *secret) bool { s.Sealed = sealed; return true })
	return err
}

func (p leases) Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	return ask(ctx, p.within, writing, func(t *transaction) (bool, error) {
		if held, err := leaseRows.get(t, name); err == nil && held.Holder != holder && now.Before(held.Until) {
			return false, nil
		}
		leaseRows.put(t, lease{name, holder, until})
		return true, nil
	})
}

func (p leases) Release(ctx context.Context, name, holder string) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if held, err := leaseRows.get(t, name); err == nil && held.Holder == holder {
			leaseRows.remove(t, name)
		}
		return nil
	})
}
