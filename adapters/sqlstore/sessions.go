package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// sessionRow is a session as it is stored, but for its user.
type sessionRow struct {
	SessionID     string  `db:"session_id"`
	UserVersion   int64   `db:"user_version"`
	Generation    int64   `db:"generation"`
	BegunAt       instant `db:"session_created_at"`
	RotatedAt     instant `db:"rotated_at"`
	IdleExpiresAt instant `db:"idle_expires_at"`
	ExpiresAt     instant `db:"expires_at"`
	RevokedAt     instant `db:"revoked_at"`
	Address       string  `db:"address"`
	UserAgent     string  `db:"user_agent"`
}

func (r *sessionRow) session(user domain.UserID) domain.Session {
	return domain.Session{
		ID: domain.SessionID(r.SessionID), UserID: user, UserVersion: r.UserVersion, Generation: r.Generation,
		CreatedAt: r.BegunAt.Time, RotatedAt: r.RotatedAt.Time,
		IdleExpiresAt: r.IdleExpiresAt.Time, ExpiresAt: r.ExpiresAt.Time, RevokedAt: r.RevokedAt.Time,
		Client: domain.Client{Address: r.Address, UserAgent: r.UserAgent},
	}
}

// ownedRow is a session with its user.
type ownedRow struct {
	sessionRow
	userRow
}

func (r *ownedRow) both() (domain.Session, domain.User) {
	user := r.user()
	return r.session(user.ID), user
}

func (s sessions) Insert(ctx context.Context, v domain.Session) error {
	err := s.affect(ctx, domain.ErrUserChanged, nil, s.q.Sessions.Insert,
		string(v.ID), string(v.UserID), v.UserVersion, v.Generation, at(v.CreatedAt), at(v.RotatedAt),
		at(v.IdleExpiresAt), at(v.ExpiresAt), at(v.RevokedAt), v.Client.Address, v.Client.UserAgent)
	if errors.Is(err, domain.ErrUserNotFound) { // deleted while the statement ran
		return domain.ErrUserChanged
	}
	return err
}

func (s sessions) Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error) {
	var row ownedRow
	if err := s.one(ctx, &row, s.q.Sessions.ByID, string(id)); err != nil {
		return domain.Session{}, domain.User{}, or(domain.ErrNotFound, err)
	}
	session, user := row.both()
	return session, user, nil
}

// Advance reads what kept the session from moving in a second statement: the
// first one's snapshot is of before the rival's commit.
func (s sessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	var row ownedRow
	by := 1
	if step.Keep {
		by = 0
	}
	err := s.returning(ctx, &row, s.q.Sessions.Advance, string(step.Session), step.From, at(step.Now),
		at(step.IdleExpiresAt), string(step.User), by)
	if errors.Is(err, sql.ErrNoRows) {
		session, user, err := s.Session(ctx, step.Session)
		return session, user, false, err
	}
	if err != nil {
		return domain.Session{}, domain.User{}, false, err
	}
	session, user := row.both()
	return session, user, true, nil
}

func (s sessions) Revoke(ctx context.Context, id domain.SessionID, now time.Time) (bool, error) {
	return s.did(ctx, touches(application.ChangedSession, string(id)), s.q.Sessions.Revoke, string(id), at(now))
}

func (s sessions) ListByUser(ctx context.Context, user domain.UserID, now time.Time, page application.Page[domain.SessionID]) ([]domain.Session, error) {
	var rows []sessionRow
	err := s.all(ctx, &rows, s.q.Sessions.ListByUser, string(user), at(now), cursor(page.After, afterAll), page.Limit)
	if err != nil {
		return nil, err
	}
	return each(rows, func(r *sessionRow) domain.Session { return r.session(user) }), nil
}

func (s sessions) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	swept, err := s.exec(ctx, nil, s.q.Sessions.Sweep, at(now), limit)
	return int(swept), err
}
