package memory

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s users) Insert(ctx context.Context, user domain.User) error {
	return s.within(ctx, changing, func(d *data) error { return d.putUser(user) })
}

func (s users) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	return read(ctx, s.within, func(d *data) (domain.User, error) { return d.user(id) })
}

func (s users) UserByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return read(ctx, s.within, func(d *data) (domain.User, error) { return d.user(d.idByEmail(email)) })
}

func (s users) Update(ctx context.Context, user domain.User) error {
	return s.within(ctx, changing, func(d *data) error {
		old, err := d.user(user.ID)
		if err != nil {
			return err
		}
		user.CreatedAt = old.CreatedAt
		d.touch(application.ChangedUser, string(user.ID))
		return d.putUser(user)
	})
}

func (s users) Delete(ctx context.Context, id domain.UserID) error {
	return s.within(ctx, changing, func(d *data) error {
		if !d.users.remove(id) {
			return domain.ErrUserNotFound
		}
		d.touch(application.ChangedUser, string(id))
		d.passwords.remove(id)
		for _, key := range d.sessions.keys(func(_ domain.SessionID, s domain.Session) bool { return s.UserID == id }) {
			d.sessions.remove(key)
		}
		for _, key := range d.mailTokens.keys(func(_ domain.MailTokenID, t domain.MailToken) bool { return t.UserID == id }) {
			d.mailTokens.remove(key)
		}
		return nil
	})
}

func (s users) List(ctx context.Context, filter application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	return read(ctx, s.within, func(d *data) ([]domain.User, error) {
		keys := d.users.keys(func(id domain.UserID, u domain.User) bool {
			return id > page.After && filter.Matches(u)
		})
		return d.users.take(keys, page.Limit), nil
	})
}

func (s users) AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error) {
	return read(ctx, s.within, func(d *data) (bool, error) {
		admins := d.users.keys(func(other domain.UserID, u domain.User) bool { return other != id && u.ActiveAdmin() })
		return len(admins) > 0, nil
	})
}

func (s users) RemoveRole(ctx context.Context, role domain.RoleName, now time.Time) error {
	return s.within(ctx, changing, func(d *data) error {
		for _, id := range d.users.keys(func(_ domain.UserID, u domain.User) bool { return u.Has(role) }) {
			user, _ := d.users.find(id)
			user.Roles = slices.DeleteFunc(user.Roles, func(r domain.RoleName) bool { return r == role })
			user.UpdatedAt = now
			d.users.put(id, user)
			d.touch(application.ChangedUser, string(id))
		}
		return nil
	})
}

func (d *data) user(id domain.UserID) (domain.User, error) {
	user, ok := d.users.find(id)
	if !ok {
		return domain.User{}, domain.ErrUserNotFound
	}
	return user, nil
}

// putUser writes a user whose address nobody else has.
func (d *data) putUser(user domain.User) error {
	if owner := d.idByEmail(user.Email); owner != "" && owner != user.ID {
		return domain.ErrEmailTaken
	}
	d.users.put(user.ID, user)
	return nil
}

// idByEmail returns nothing when nobody has the address.
func (d *data) idByEmail(email domain.Email) domain.UserID {
	for id, user := range d.users.rows {
		if user.Email == email {
			return id
		}
	}
	return ""
}
