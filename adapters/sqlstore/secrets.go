package sqlstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

func (s secrets) Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	var stored []byte
	err := s.returning(ctx, &stored, s.q.Secrets.Ensure, name, sealed)
	return stored, err
}

func (s secrets) Secrets(ctx context.Context) (map[string][]byte, error) {
	var rows []struct {
		Name   string `db:"name"`
		Sealed []byte `db:"sealed"`
	}
	if err := s.all(ctx, &rows, s.q.Secrets.All); err != nil {
		return nil, err
	}
	all := make(map[string][]byte, len(rows))
	for _, row := range rows {
		all[row.Name] = row.Sealed
	}
	return all, nil
}

func (s secrets) Replace(ctx context.Context, name string, sealed []byte) error {
	return s.affect(ctx, domain.ErrNotFound, nil, s.q.Secrets.Replace, name, sealed)
}
