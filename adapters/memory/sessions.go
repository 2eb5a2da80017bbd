package memory

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s sessions) Insert(ctx context.Context, session domain.Session) error {
	return s.within(ctx, changing, func(d *data) error {
		user, err := d.user(session.UserID)
		if err != nil || !user.Active() || user.Version != session.UserVersion {
			return domain.ErrUserChanged
		}
		d.sessions.put(session.ID, session)
		return nil
	})
}

func (s sessions) Session(ctx context.Context, id domain.SessionID) (session domain.Session, user domain.User, err error) {
	err = s.within(ctx, reading, func(d *data) error {
		session, user, err = d.session(id)
		return err
	})
	return session, user, err
}

func (s sessions) Advance(ctx context.Context, step application.Advance) (session domain.Session, user domain.User, moved bool, err error) {
	err = s.within(ctx, changing, func(d *data) error {
		if session, user, err = d.session(step.Session); err != nil {
			return err
		}
		if session, moved = step.Move(session, user); !moved {
			return nil
		}
		session = copySession(session)
		d.sessions.put(session.ID, session)
		return nil
	})
	return session, user, moved, err
}

func (s sessions) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	return change(ctx, s.within, func(d *data) (bool, error) {
		session, ok := d.sessions.find(id)
		if !ok || session.Revoked() {
			return false, nil
		}
		session.RevokedAt = now
		d.sessions.put(id, session)
		d.touch(application.ChangedSession, string(id))
		return true, nil
	})
}

func (s sessions) ListByUser(ctx context.Context, user domain.UserID, now time.Time, page application.Page[domain.SessionID]) ([]domain.Session, error) {
	return read(ctx, s.within, func(d *data) ([]domain.Session, error) {
		owner := d.users.rows[user] // nobody has no sessions
		keys := d.sessions.keys(func(id domain.SessionID, s domain.Session) bool {
			return s.UserID == user && s.Live(owner, now) && (page.After == "" || id < page.After)
		})
		slices.Reverse(keys)
		return d.sessions.take(keys, page.Limit), nil
	})
}

func (s sessions) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return change(ctx, s.within, func(d *data) (int, error) {
		return d.sessions.sweep(limit, func(_ domain.SessionID, s domain.Session) bool { return !now.Before(s.ExpiresAt) }), nil
	})
}

func (d *data) session(id domain.SessionID) (domain.Session, domain.User, error) {
	session, ok := d.sessions.find(id)
	user, known := d.users.find(session.UserID)
	if !ok || !known {
		return domain.Session{}, domain.User{}, domain.ErrNotFound
	}
	return session, user, nil
}
