package application

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport-auth/sallyport/domain"
)

// Roles is how the names for sets of permissions are administered.
type Roles struct {
	Journal Journal
}

// List returns a page of roles by ascending name. There are few: storage gives
// them all at once.
func (uc *Roles) List(ctx context.Context, page Page[domain.RoleName]) ([]domain.Role, error) {
	roles, err := uc.Journal.Store.Roles().Roles(ctx)
	if err != nil {
		return nil, err
	}
	start := slices.IndexFunc(roles, func(r domain.Role) bool { return r.Name > page.After })
	if start < 0 {
		return nil, nil
	}
	return roles[start:min(len(roles), start+page.Limit)], nil
}

// Role returns one role. domain.ErrRoleNotFound.
func (uc *Roles) Role(ctx context.Context, name domain.RoleName) (domain.Role, error) {
	return uc.Journal.Store.Roles().Role(ctx, name)
}

// Put makes a role or changes it, and reports whether it is new. A write to a
// role needs every permission that it had and will have. domain.ErrAdminRole,
// domain.ErrInvalid for too many permissions, domain.ErrInsufficientPermissions,
// domain.ErrPreconditionFailed.
func (uc *Roles) Put(ctx context.Context, caller domain.Principal, role domain.Role, precondition Precondition) (stored domain.Role, created bool, err error) {
	if role.Name == domain.RoleAdmin {
		return domain.Role{}, false, domain.ErrAdminRole
	}
	if len(role.Permissions) > domain.MaxPermissions {
		return domain.Role{}, false, domain.Invalid("permissions", fmt.Sprintf("must be at most %d", domain.MaxPermissions))
	}
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		now := uc.Journal.Clock.Now()
		stored = role
		stored.CreatedAt, stored.UpdatedAt = now, now
		before, err := tx.Roles().Role(ctx, role.Name)
		switch {
		case errors.Is(err, domain.ErrRoleNotFound):
			created = true
		case err != nil:
			return err
		default:
			created = false
			stored.CreatedAt, stored.UpdatedAt = before.CreatedAt, later(before.UpdatedAt, now)
		}
		if err := precondition.check(before.UpdatedAt); err != nil {
			return err
		}
		if !caller.Reaches(before.Permissions) || !caller.Reaches(role.Permissions) {
			return domain.ErrInsufficientPermissions
		}
		note(domain.Event{Type: domain.RoleChanged, Actor: caller.Subject, Details: map[string]string{
			"role": string(role.Name), "permissions": role.Permissions.Scope(),
		}})
		return tx.Roles().Put(ctx, stored)
	})
	if err != nil {
		return domain.Role{}, false, fmt.Errorf("put role %s: %w", role.Name, err)
	}
	return stored, created, nil
}

// Delete removes a role, and takes it from all who hold it.
// domain.ErrBuiltInRole, domain.ErrRoleNotFound,
// domain.ErrInsufficientPermissions, domain.ErrPreconditionFailed.
func (uc *Roles) Delete(ctx context.Context, caller domain.Principal, name domain.RoleName, precondition Precondition) error {
	if name.BuiltIn() {
		return domain.ErrBuiltInRole
	}
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		before, err := tx.Roles().Role(ctx, name)
		if err != nil {
			return err
		}
		if err := precondition.check(before.UpdatedAt); err != nil {
			return err
		}
		if !caller.Reaches(before.Permissions) {
			return domain.ErrInsufficientPermissions
		}
		note(domain.Event{Type: domain.RoleDeleted, Actor: caller.Subject, Details: map[string]string{"role": string(name)}})
		if err := tx.Users().RemoveRole(ctx, name, uc.Journal.Clock.Now()); err != nil {
			return err
		}
		return tx.Roles().Delete(ctx, name)
	})
	if err != nil {
		return fmt.Errorf("delete role %s: %w", name, err)
	}
	return nil
}
