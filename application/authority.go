package application

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Administration reaches only downwards: whoever acts on a user needs every
// permission that the user holds, and nobody grants what they lack.

// reach returns nil when caller may act on somebody who holds roles, and else
// domain.ErrInsufficientPermissions.
func reach(ctx context.Context, tx Tx, caller domain.Principal, roles []domain.RoleName) error {
	permissions, err := tx.Roles().Permissions(ctx, roles)
	if err != nil {
		return err
	}
	if !caller.Reaches(permissions) {
		return domain.ErrInsufficientPermissions
	}
	return nil
}

// reachedUser returns a user whom caller may act on. domain.ErrUserNotFound,
// domain.ErrInsufficientPermissions.
func reachedUser(ctx context.Context, tx Tx, caller domain.Principal, id domain.UserID) (domain.User, error) {
	user, err := tx.Users().User(ctx, id)
	if err != nil {
		return user, err
	}
	return user, reach(ctx, tx, caller, user.Roles)
}

// grantable returns nil when all roles exist, one user may hold them, and caller
// may grant them: domain.ErrInvalid on "roles", domain.ErrInsufficientPermissions.
func grantable(ctx context.Context, tx Tx, caller domain.Principal, roles []domain.RoleName) error {
	known, err := tx.Roles().Roles(ctx)
	if err != nil {
		return err
	}
	return grantableAmong(known, caller, roles)
}

// grantableAmong is grantable with the roles that there are.
func grantableAmong(known []domain.Role, caller domain.Principal, roles []domain.RoleName) error {
	if err := domain.CheckHeld("roles", roles, domain.MaxRoles); err != nil {
		return err
	}
	var permissions domain.Permissions
	for _, name := range roles {
		i := slices.IndexFunc(known, func(r domain.Role) bool { return r.Name == name })
		if i < 0 {
			return domain.Invalid("roles", "there is no role "+string(name))
		}
		permissions = append(permissions, known[i].Permissions...)
	}
	if !caller.Reaches(permissions) {
		return domain.ErrInsufficientPermissions
	}
	return nil
}

// keepsAdmin returns domain.ErrLastAdmin when before was the only active admin
// and after is none.
func keepsAdmin(ctx context.Context, tx Tx, before, after domain.User) error {
	if !before.ActiveAdmin() || after.ActiveAdmin() {
		return nil
	}
	another, err := tx.Users().AnotherActiveAdmin(ctx, before.ID)
	if err != nil {
		return err
	}
	if !another {
		return domain.ErrLastAdmin
	}
	return nil
}

// touched returns the user with an UpdatedAt that is later than any before,
// whatever the clock did: it is the revision that If-Match compares.
func touched(user domain.User, now time.Time) domain.User {
	user.UpdatedAt = later(user.UpdatedAt, now)
	return user
}

func later(before, now time.Time) time.Time {
	if !now.After(before) {
		return before.Add(time.Microsecond)
	}
	return now
}
