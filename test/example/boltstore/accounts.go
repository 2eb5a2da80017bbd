package boltstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type (
	users       struct{ within }
	credentials struct{ within }
	roles       struct{ within }
)

func (p users) Insert(ctx context.Context, user domain.User) error {
	return p.within(ctx, writing, func(t *transaction) error { return putUser(t, user) })
}

func (p users) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	return find(ctx, p.within, userRows, id)
}

func (p users) UserByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.User, error) { return userRows.get(t, owner(t, email)) })
}

func (p users) Update(ctx context.Context, user domain.User) error {
	return p.within(ctx, writing, func(t *transaction) error {
		old, err := userRows.get(t, user.ID)
		if err != nil {
			return err
		}
		user.CreatedAt = old.CreatedAt
		t.touch(application.ChangedUser, string(user.ID))
		return putUser(t, user)
	})
}

func (p users) Delete(ctx context.Context, id domain.UserID) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if !userRows.remove(t, id) {
			return domain.ErrUserNotFound
		}
		t.touch(application.ChangedUser, string(id))
		passwordRows.remove(t, id)
		sessionRows.remove(t, sessionByUser.keys(t, string(id), string(id), unlimited)...)
		tokenRows.remove(t, tokenByUser.keys(t, string(id), string(id), unlimited)...)
		return nil
	})
}

func (p users) List(ctx context.Context, filter application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	return list(ctx, p.within, userRows, page, false, func(u domain.User) bool {
		return strings.HasPrefix(u.Email.String(), filter.EmailPrefix) && (filter.Role == "" || u.Has(filter.Role)) &&
			(filter.Active == nil || u.Active() == *filter.Active)
	})
}

func (p users) AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error) {
	admins, err := list(ctx, p.within, userRows, application.Page[domain.UserID]{Limit: 1}, false, func(u domain.User) bool { return u.ID != id && u.ActiveAdmin() })
	return len(admins) > 0, err
}

func (p users) RemoveRole(ctx context.Context, role domain.RoleName, now time.Time) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for _, user := range take(userRows.rows(t, "", false), unlimited, func(u domain.User) bool { return u.Has(role) }) {
			user.Roles = slices.DeleteFunc(user.Roles, func(r domain.RoleName) bool { return r == role })
			user.UpdatedAt = now
			userRows.put(t, user)
			t.touch(application.ChangedUser, string(user.ID))
		}
		return nil
	})
}

// owner returns who has an address, or nobody.
func owner(t *transaction, email domain.Email) domain.UserID {
	return first(userByEmail.keys(t, email.String(), email.String(), 1))
}

func first[K ~string](keys []K) (key K) {
	if len(keys) > 0 {
		key = keys[0]
	}
	return key
}

func putUser(t *transaction, user domain.User) error {
	if id := owner(t, user.Email); id != "" && id != user.ID {
		return domain.ErrEmailTaken
	}
	userRows.put(t, user)
	return nil
}

func (p credentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.Account, error) { return account(t, owner(t, email)) })
}

func (p credentials) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.Account, error) { return account(t, id) })
}

func account(t *transaction, id domain.UserID) (a domain.Account, err error) {
	if a.User, err = userRows.get(t, id); err == nil {
		a.Password, _ = passwordRows.get(t, id) // there may be none
	}
	return a, err
}

func (p credentials) PutPassword(ctx context.Context, credential domain.Credential) error {
	return p.within(ctx, writing, func(t *transaction) error {
		_, err := userRows.get(t, credential.UserID)
		if err == nil {
			passwordRows.put(t, credential)
		}
		return err
	})
}

func (p credentials) Rehash(ctx context.Context, id domain.CredentialID, old, fresh domain.PasswordHash, now time.Time) (bool, error) {
	return ask(ctx, p.within, writing, func(t *transaction) (bool, error) {
		credential, err := passwordRows.get(t, first(passwordByID.keys(t, string(id), string(id), 1)))
		if err != nil || credential.Hash != old {
			return false, nil
		}
		credential.Hash, credential.UpdatedAt = fresh, now
		passwordRows.put(t, credential)
		return true, nil
	})
}

func (p roles) Roles(ctx context.Context) ([]domain.Role, error) {
	return list(ctx, p.within, roleRows, application.Page[domain.RoleName]{Limit: unlimited}, false, all)
}

func (p roles) Role(ctx context.Context, name domain.RoleName) (domain.Role, error) {
	return find(ctx, p.within, roleRows, name)
}

func (p roles) Put(ctx context.Context, role domain.Role) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if old, err := roleRows.get(t, role.Name); err == nil {
			role.CreatedAt = old.CreatedAt
		}
		roleRows.put(t, role)
		t.touch(application.ChangedRole, string(role.Name))
		return nil
	})
}

func (p roles) Delete(ctx context.Context, name domain.RoleName) error {
	return p.within(ctx, writing, func(t *transaction) error {
		if !roleRows.remove(t, name) {
			return domain.ErrRoleNotFound
		}
		t.touch(application.ChangedRole, string(name))
		return nil
	})
}

func (p roles) Permissions(ctx context.Context, names []domain.RoleName) (domain.Permissions, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.Permissions, error) { return permissions(t, names), nil })
}

func permissions(t *transaction, names []domain.RoleName) domain.Permissions {
	var allowed []domain.Permission
	for _, name := range names {
		role, _ := roleRows.get(t, name) // one that is not there allows nothing
		allowed = append(allowed, role.Permissions...)
	}
	return domain.NewPermissions(allowed...)
}
