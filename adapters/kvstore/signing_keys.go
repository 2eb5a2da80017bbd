package kvstore

import (
	"context"
	"slices"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type signingKeys struct {
	shelf[string, domain.SigningKey]
}

// admitSigningKey keeps what a key is and when it was made, and tells of a new one.
func admitSigningKey(t *transaction, key *domain.SigningKey) error {
	if old, err := signingKeyRows.get(t, key.ID); err == nil {
		key.Algorithm, key.CreatedAt = old.Algorithm, old.CreatedAt
	}
	t.touch(application.ChangedSigningKey, key.ID)
	return nil
}

func (p signingKeys) SigningKeys(ctx context.Context) ([]domain.SigningKey, error) {
	keys, err := p.all(ctx)
	slices.SortStableFunc(keys, func(a, b domain.SigningKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys, err
}
