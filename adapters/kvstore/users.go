package kvstore

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type users struct {
	shelf[domain.UserID, domain.User]
}

// admitUser refuses an address that is another's.
func admitUser(t *transaction, user *domain.User) error {
	if id := owner(t, user.Email); id != "" && id != user.ID {
		return domain.ErrEmailTaken
	}
	return nil
}

// owner returns who has an address, or nobody.
func owner(t *transaction, email domain.Email) domain.UserID {
	return first(userByEmail.keys(t, email.String()))
}

func first[K ~string](keys []K) K { return append(keys, "")[0] }

func (p users) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	return p.find(ctx, id)
}

func (p users) UserByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.User, error) { return userRows.get(t, owner(t, email)) })
}

func (p users) Update(ctx context.Context, user domain.User) error {
	return p.within(ctx, writing, func(t *transaction) error {
		old, err := userRows.get(t, user.ID)
		if err == nil {
			err = admitUser(t, &user)
		}
		if err == nil {
			user.CreatedAt = old.CreatedAt
			userRows.put(t, user)
		}
		return err
	})
}

func (p users) Delete(ctx context.Context, id domain.UserID) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if userRows.remove(t, id) == 0 {
			return domain.ErrUserNotFound
		}
		passwordRows.remove(t, id)
		sessionRows.remove(t, sessionsByUser.keys(t, string(id))...)
		mailTokenRows.remove(t, tokensByUser.keys(t, string(id))...)
		return nil
	})
}

func (p users) List(ctx context.Context, filter application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	return p.list(ctx, page, false, filter.Matches)
}

func (p users) AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error) {
	admins, err := p.list(ctx, application.Page[domain.UserID]{Limit: 1}, false, func(u domain.User) bool { return u.ID != id && u.ActiveAdmin() })
	return len(admins) > 0, err
}

func (p users) RemoveRole(ctx context.Context, role domain.RoleName, now time.Time) error {
	return p.within(ctx, writing, func(t *transaction) error {
		everybody := application.Page[domain.UserID]{Limit: unlimited}
		for _, user := range userRows.list(t, everybody, false, application.UserFilter{Role: role}.Matches) {
			user.Roles = slices.DeleteFunc(user.Roles, func(r domain.RoleName) bool { return r == role })
			user.UpdatedAt = now
			userRows.put(t, user)
		}
		return nil
	})
}
