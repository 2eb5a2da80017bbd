package boltstore

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type sessions struct{ within }

func (p sessions) Insert(ctx context.Context, session domain.Session) error {
	return p.within(ctx, writing, func(t *transaction) error {
		user, err := userRows.get(t, session.UserID)
		if err != nil || !user.Active() || user.Version != session.UserVersion {
			return domain.ErrUserChanged
		}
		sessionRows.put(t, session)
		return nil
	})
}

func (p sessions) Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error) {
	state, err := ask(ctx, p.within, reading, func(t *transaction) (domain.SessionState, error) { return state(t, id) })
	return state.Session, state.User, err
}

func (p sessions) Advance(ctx context.Context, step application.Advance) (session domain.Session, user domain.User, moved bool, err error) {
	err = p.within(ctx, writing, func(t *transaction) error {
		state, err := state(t, step.Session)
		session, user = state.Session, state.User
		moved = err == nil && session.UserID == step.User && session.Generation == step.From && user.Active() && live(session, user, step.Now)
		if !moved {
			return err
		}
		if !step.Keep {
			session.Generation++
		}
		session.RotatedAt, session.IdleExpiresAt = step.Now, step.IdleExpiresAt
		if session.ExpiresAt.Before(session.IdleExpiresAt) {
			session.IdleExpiresAt = session.ExpiresAt
		}
		sessionRows.put(t, session)
		return nil
	})
	return session, user, moved, err
}

func (p sessions) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	return ask(ctx, p.within, writing, func(t *transaction) (bool, error) {
		session, err := sessionRows.get(t, id)
		if err != nil || session.Revoked() {
			return false, nil
		}
		session.RevokedAt = now
		sessionRows.put(t, session)
		t.touch(application.ChangedSession, string(id))
		return true, nil
	})
}

func (p sessions) ListByUser(ctx context.Context, id domain.UserID, now time.Time, page application.Page[domain.SessionID]) ([]domain.Session, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (found []domain.Session, _ error) {
		user, _ := userRows.get(t, id) // nobody has no sessions
		for _, key := range slices.Backward(sessionByUser.keys(t, string(id), string(id), unlimited)) {
			session, err := sessionRows.get(t, key)
			if err == nil && live(session, user, now) && (page.After == "" || key < page.After) && len(found) < page.Limit {
				found = append(found, session)
			}
		}
		return found, nil
	})
}

func (p sessions) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return sweep(ctx, p.within, sessionRows, sessionByExpiry, now, limit)
}

// SessionState returns a session, its user and the user's permissions.
func (s *Store) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	return ask(ctx, s.within, reading, func(t *transaction) (*domain.SessionState, error) {
		state, err := state(t, id)
		state.Permissions = permissions(t, state.User.Roles)
		return &state, err
	})
}

// APIKeyState returns an API key.
func (s *Store) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	key, err := find(ctx, s.within, apiKeyRows, id)
	return &key, err
}

// state returns a session and its user.
func state(t *transaction, id domain.SessionID) (state domain.SessionState, err error) {
	if state.Session, err = sessionRows.get(t, id); err == nil {
		state.User, err = userRows.get(t, state.Session.UserID)
	}
	return state, err
}

func live(s domain.Session, user domain.User, now time.Time) bool {
	return !s.Revoked() && !s.Expired(now) && s.UserVersion == user.Version
}
