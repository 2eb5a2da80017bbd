package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type apiKeyRow struct {
	ID          string                   `db:"id"`
	Name        string                   `db:"name"`
	Hash        string                   `db:"hash"`
	Permissions names[domain.Permission] `db:"permissions"`
	CreatedBy   string                   `db:"created_by"`
	CreatedAt   instant                  `db:"created_at"`
	ExpiresAt   instant                  `db:"expires_at"`
	RevokedAt   instant                  `db:"revoked_at"`
	LastUsedAt  instant                  `db:"last_used_at"`
}

func (r *apiKeyRow) key() domain.APIKey {
	return domain.APIKey{
		ID: domain.APIKeyID(r.ID), Name: r.Name, Hash: domain.StoredSecretHash(r.Hash),
		Permissions: domain.NewPermissions(r.Permissions.list()...), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.Time,
		ExpiresAt: r.ExpiresAt.Time, RevokedAt: r.RevokedAt.Time, LastUsedAt: r.LastUsedAt.Time,
	}
}

func (s apiKeys) Insert(ctx context.Context, k domain.APIKey) error {
	_, err := s.exec(ctx, nil, s.q.APIKeys.Insert, string(k.ID), k.Name, k.Hash.Reveal(), listed(k.Permissions),
		k.CreatedBy, at(k.CreatedAt), at(k.ExpiresAt), at(k.RevokedAt), at(k.LastUsedAt))
	return err
}

func (s apiKeys) APIKey(ctx context.Context, id domain.APIKeyID) (domain.APIKey, error) {
	var row apiKeyRow
	if err := s.one(ctx, &row, s.q.APIKeys.ByID, string(id)); err != nil {
		return domain.APIKey{}, or(domain.ErrAPIKeyNotFound, err)
	}
	return row.key(), nil
}

func (s apiKeys) List(ctx context.Context, page application.Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	var rows []apiKeyRow
	if err := s.all(ctx, &rows, s.q.APIKeys.List, cursor(page.After, beforeAll), page.Limit); err != nil {
		return nil, err
	}
	return each(rows, (*apiKeyRow).key), nil
}

// Revoke looks whether the key is there only when it had nothing to do: a key
// is never removed.
func (s apiKeys) Revoke(ctx context.Context, id domain.APIKeyID, now time.Time) (bool, error) {
	ended, err := s.did(ctx, touches(application.ChangedAPIKey, string(id)), s.q.APIKeys.Revoke, string(id), at(now))
	if err != nil || ended {
		return ended, err
	}
	_, err = s.APIKey(ctx, id)
	return false, err
}

// Touch writes all in one statement. Last use is in nobody's memory.
func (s apiKeys) Touch(ctx context.Context, used map[domain.APIKeyID]time.Time) error {
	type use struct {
		ID domain.APIKeyID `json:"id"`
		At int64           `json:"at"` // microseconds since 1970
	}
	uses := make([]use, 0, len(used))
	for id, t := range used {
		uses = append(uses, use{id, t.UnixMicro()})
	}
	if len(uses) == 0 {
		return nil
	}
	_, err := s.exec(ctx, nil, s.q.APIKeys.Touch, encoded[[]use]{uses})
	return err
}
