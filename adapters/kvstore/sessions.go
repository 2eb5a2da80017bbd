package kvstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type sessions struct {
	shelf[domain.SessionID, domain.Session]
}

// admitSession lets a session begin while its user is what the login saw.
func admitSession(t *transaction, session *domain.Session) error {
	user, err := userRows.get(t, session.UserID)
	if err != nil || !user.Active() || user.Version != session.UserVersion {
		return domain.ErrUserChanged
	}
	return nil
}

// state returns a session and its user.
func state(t *transaction, id domain.SessionID) (state domain.SessionState, err error) {
	if state.Session, err = sessionRows.get(t, id); err == nil {
		state.User, err = userRows.get(t, state.Session.UserID)
	}
	return state, err
}

func (p sessions) Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error) {
	found, err := ask(ctx, p.within, reading, func(t *transaction) (domain.SessionState, error) { return state(t, id) })
	return found.Session, found.User, err
}

func (p sessions) Advance(ctx context.Context, step application.Advance) (_ domain.Session, _ domain.User, moved bool, err error) {
	after, err := ask(ctx, p.within, writing, func(t *transaction) (domain.SessionState, error) {
		found, err := state(t, step.Session)
		if err != nil {
			return found, err
		}
		if found.Session, moved = step.Move(found.Session, found.User); moved {
			sessionRows.put(t, found.Session)
		}
		return found, nil
	})
	return after.Session, after.User, moved && err == nil, err
}

func (p sessions) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	done, err := p.edit(ctx, id, func(t *transaction, session *domain.Session) bool {
		first := !session.Revoked()
		if first {
			session.RevokedAt = now
			t.touch(application.ChangedSession, string(id))
		}
		return first
	})
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	return done, err
}

func (p sessions) ListByUser(ctx context.Context, id domain.UserID, now time.Time, page application.Page[domain.SessionID]) ([]domain.Session, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (found []domain.Session, _ error) {
		user, _ := userRows.get(t, id) // nobody has no sessions
		for _, key := range slices.Backward(sessionsByUser.keys(t, string(id))) {
			session, _ := sessionRows.get(t, key)
			if session.Live(user, now) && (page.After == "" || key < page.After) && len(found) < page.Limit {
				found = append(found, session)
			}
		}
		return found, nil
	})
}

func (p sessions) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return p.sweep(ctx, sessionsByExpiry, now, limit)
}

// SessionState returns a session, its user and the user's permissions.
func (s *Store) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	return ask(ctx, s.within, reading, func(t *transaction) (*domain.SessionState, error) {
		found, err := state(t, id)
		if err != nil {
			return nil, err
		}
		found.Permissions = permissions(t, found.User.Roles)
		return &found, nil
	})
}

// APIKeyState returns an API key.
func (s *Store) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	key, err := on(s.ports, apiKeyRows, nil).find(ctx, id)
	if err != nil {
		return nil, err
	}
	return &key, nil
}
