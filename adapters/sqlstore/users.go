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

func (s users) List(ctx context.Context, by application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	text := s.q.Users.List
	if by != (application.UserFilter{}) && s.dialect.PlansByValue {
		text = Unprepared + text
	}
	f := starting(text, cursor(page.After, beforeAll))
	if by.EmailPrefix != "" {
		const last = "\U0010FFFF" // sorts after everything that an address holds
		from, to := by.EmailPrefix, by.EmailPrefix+last
		where, err := s.whereEmail(ctx, from, to)
		if err != nil {
			return nil, err
		}
		f.where(where, from, to)
	}
	if by.Role != "" {
		f.where(s.q.Users.WhereRole, string(by.Role))
	}
	switch {
	case by.Active == nil:
	case *by.Active:
		f.where(s.q.Users.WhereActive)
	default:
		f.where(s.q.Users.WhereDisabled)
	}
	f.where(s.q.Users.Page, page.Limit)
	var rows []userRow
	if err := s.named(ctx, "users: list", &rows, f.text.String(), f.args...); err != nil {
		return nil, err
	}
	return each(rows, (*userRow).user), nil
}

// fewEmails is how many addresses of a range are few: it costs less to read
// them all than to go through the users by id until a page is full.
const fewEmails = 1000

// whereEmail returns how a list is narrowed to a range of addresses. A database
// that plans by values knows best; for another, they are counted up to a bound.
func (s users) whereEmail(ctx context.Context, from, to string) (string, error) {
	if s.dialect.PlansByValue {
		return s.q.Users.WhereEmail, nil
	}
	var count int
	if err := s.one(ctx, &count, s.q.Users.CountEmails, from, to, fewEmails); err != nil {
		return "", err
	}
	if count < fewEmails {
		return s.q.Users.WhereFewEmails, nil
	}
	return s.q.Users.WhereEmail, nil
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
