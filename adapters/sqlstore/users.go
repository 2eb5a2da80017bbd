package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// userRow is a user as it is stored.
type userRow struct {
	ID              string                 `db:"user_id"`
	Email           string                 `db:"email"`
	Name            string                 `db:"name"`
	Status          string                 `db:"status"`
	Roles           names[domain.RoleName] `db:"roles"`
	Version         int64                  `db:"version"`
	EmailVerifiedAt instant                `db:"email_verified_at"`
	CreatedAt       instant                `db:"user_created_at"`
	UpdatedAt       instant                `db:"user_updated_at"`
}

func (r *userRow) user() domain.User {
	return domain.User{
		ID: domain.UserID(r.ID), Email: domain.StoredEmail(r.Email), Name: r.Name, Status: domain.Status(r.Status),
		Roles: r.Roles.list(), Version: r.Version,
		EmailVerifiedAt: r.EmailVerifiedAt.Time, CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func (s users) Insert(ctx context.Context, u domain.User) error {
	return s.affect(ctx, domain.ErrEmailTaken, nil, s.q.Users.Insert, UserValues(u)...)
}

func (s users) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	return s.user(ctx, s.q.Users.ByID, string(id))
}

func (s users) UserByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return s.user(ctx, s.q.Users.ByEmail, email.String())
}

func (s users) user(ctx context.Context, query, key string) (domain.User, error) {
	var row userRow
	if err := s.one(ctx, &row, query, key); err != nil {
		return domain.User{}, or(domain.ErrUserNotFound, err)
	}
	return row.user(), nil
}

func (s users) Update(ctx context.Context, u domain.User) error {
	return s.affect(ctx, domain.ErrUserNotFound, touches(application.ChangedUser, string(u.ID)), s.q.Users.Update,
		string(u.ID), u.Email.String(), u.Name, string(u.Status), listed(u.Roles), u.Version,
		at(u.EmailVerifiedAt), at(u.UpdatedAt))
}

func (s users) Delete(ctx context.Context, id domain.UserID) error {
	return s.affect(ctx, domain.ErrUserNotFound, touches(application.ChangedUser, string(id)), s.q.Users.Delete, string(id))
}

func (s users) AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error) {
	var another bool
	err := s.one(ctx, &another, s.q.Users.AnotherActiveAdmin, string(id))
	return another, err
}

// RemoveRole touches more users than are worth naming.
func (s users) RemoveRole(ctx context.Context, role domain.RoleName, now time.Time) error {
	_, err := s.exec(ctx, touches(application.ChangedEverything, ""), s.q.Users.RemoveRole, string(role), at(now))
	return err
}

// each converts rows.
func each[Row, T any](rows []Row, convert func(*Row) T) []T {
	list := make([]T, len(rows))
	for i := range rows {
		list[i] = convert(&rows[i])
	}
	return list
}
