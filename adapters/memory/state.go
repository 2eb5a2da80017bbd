package memory

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

// SessionState returns a session, its user and the user's permissions.
func (s *Store) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	return read(ctx, s.alone, func(d *data) (*domain.SessionState, error) {
		session, user, err := d.session(id)
		if err != nil {
			return nil, err
		}
		return &domain.SessionState{Session: session, User: user, Permissions: d.permissions(user.Roles)}, nil
	})
}

// APIKeyState returns an API key.
func (s *Store) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	return read(ctx, s.alone, func(d *data) (*domain.APIKey, error) {
		key, ok := d.apiKeys.find(id)
		if !ok {
			return nil, domain.ErrNotFound
		}
		return &key, nil
	})
}
