package kvstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type apiKeys struct {
	shelf[domain.APIKeyID, domain.APIKey]
}

func (p apiKeys) APIKey(ctx context.Context, id domain.APIKeyID) (domain.APIKey, error) {
	return p.find(ctx, id)
}

func (p apiKeys) List(ctx context.Context, page application.Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	return p.list(ctx, page, false, every)
}

func (p apiKeys) Revoke(ctx context.Context, id domain.APIKeyID, now time.Time) (bool, error) {
	return p.edit(ctx, id, func(t *transaction, key *domain.APIKey) bool {
		first := key.RevokedAt.IsZero()
		if first {
			key.RevokedAt = now
			t.touch(application.ChangedAPIKey, string(id))
		}
		return first
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
