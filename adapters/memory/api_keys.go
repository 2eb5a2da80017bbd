package memory

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s apiKeys) Insert(ctx context.Context, key domain.APIKey) error {
	return s.within(ctx, changing, func(d *data) error {
		d.apiKeys.put(key.ID, key)
		return nil
	})
}

func (s apiKeys) APIKey(ctx context.Context, id domain.APIKeyID) (domain.APIKey, error) {
	return read(ctx, s.within, func(d *data) (domain.APIKey, error) { return d.apiKey(id) })
}

func (s apiKeys) List(ctx context.Context, page application.Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	return read(ctx, s.within, func(d *data) ([]domain.APIKey, error) {
		keys := d.apiKeys.keys(func(id domain.APIKeyID, _ domain.APIKey) bool { return id > page.After })
		return d.apiKeys.take(keys, page.Limit), nil
	})
}

func (s apiKeys) Revoke(ctx context.Context, id domain.APIKeyID, now time.Time) (bool, error) {
	return change(ctx, s.within, func(d *data) (bool, error) {
		key, err := d.apiKey(id)
		if err != nil || !key.RevokedAt.IsZero() {
			return false, err
		}
		key.RevokedAt = now
		d.apiKeys.put(id, key)
		d.touch(application.ChangedAPIKey, string(id))
		return true, nil
	})
}

func (s apiKeys) Touch(ctx context.Context, used map[domain.APIKeyID]time.Time) error {
	return s.within(ctx, changing, func(d *data) error {
		for id, at := range used {
			if key, err := d.apiKey(id); err == nil && at.After(key.LastUsedAt) {
				key.LastUsedAt = at
				d.apiKeys.put(id, key)
			}
		}
		return nil
	})
}

func (d *data) apiKey(id domain.APIKeyID) (domain.APIKey, error) {
	key, ok := d.apiKeys.find(id)
	if !ok {
		return domain.APIKey{}, domain.ErrAPIKeyNotFound
	}
	return key, nil
}
