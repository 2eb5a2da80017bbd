package sqlstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

// stateRow is a session with its user and the permissions of all their roles.
type stateRow struct {
	ownedRow
	Permissions merged[domain.Permission] `db:"permissions"`
}

// SessionState reads all in one query.
func (s *Store) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	var row stateRow
	if err := s.one(ctx, &row, s.q.State.Session, string(id)); err != nil {
		return nil, or(domain.ErrNotFound, err)
	}
	session, user := row.both()
	return &domain.SessionState{
		Session: session, User: user, Permissions: domain.NewPermissions(row.Permissions.list()...),
	}, nil
}

// APIKeyState reads an API key.
func (s *Store) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	key, err := apiKeys{s.ports}.APIKey(ctx, id)
	if err != nil {
		return nil, err
	}
	return &key, nil
}
