package sqlstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type signingKeyRow struct {
	ID        string  `db:"id"`
	Algorithm string  `db:"algorithm"`
	State     string  `db:"state"`
	Sealed    []byte  `db:"sealed"`
	CreatedAt instant `db:"created_at"`
	StateAt   instant `db:"state_at"`
	ExpiresAt instant `db:"expires_at"`
}

func (r *signingKeyRow) key() domain.SigningKey {
	return domain.SigningKey{
		ID: r.ID, Algorithm: domain.SigningAlgorithm(r.Algorithm), State: domain.SigningKeyState(r.State), Sealed: r.Sealed,
		CreatedAt: r.CreatedAt.Time, StateAt: r.StateAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

func (s signingKeys) SigningKeys(ctx context.Context) ([]domain.SigningKey, error) {
	var rows []signingKeyRow
	if err := s.all(ctx, &rows, s.q.SigningKeys.All); err != nil {
		return nil, err
	}
	return each(rows, (*signingKeyRow).key), nil
}

func (s signingKeys) Put(ctx context.Context, k domain.SigningKey) error {
	_, err := s.exec(ctx, touches(application.ChangedSigningKey, k.ID), s.q.SigningKeys.Put,
		k.ID, string(k.Algorithm), string(k.State), k.Sealed, at(k.CreatedAt), at(k.StateAt), at(k.ExpiresAt))
	return err
}

func (s signingKeys) Delete(ctx context.Context, id string) error {
	return s.affect(ctx, domain.ErrSigningKeyNotFound, touches(application.ChangedSigningKey, id), s.q.SigningKeys.Delete, id)
}
