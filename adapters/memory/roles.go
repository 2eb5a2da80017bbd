package memory

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s roles) Roles(ctx context.Context) ([]domain.Role, error) {
	return read(ctx, s.within, func(d *data) ([]domain.Role, error) {
		return d.roles.take(d.roles.keys(all), len(d.roles.rows)), nil
	})
}

func (s roles) Role(ctx context.Context, name domain.RoleName) (domain.Role, error) {
	return read(ctx, s.within, func(d *data) (domain.Role, error) {
		role, ok := d.roles.find(name)
		if !ok {
			return domain.Role{}, domain.ErrRoleNotFound
		}
		return role, nil
	})
}

func (s roles) Put(ctx context.Context, role domain.Role) error {
	return s.within(ctx, changing, func(d *data) error {
		if old, ok := d.roles.find(role.Name); ok {
			role.CreatedAt = old.CreatedAt
		}
		d.roles.put(role.Name, role)
		d.touch(application.ChangedRole, string(role.Name))
		return nil
	})
}

func (s roles) Delete(ctx context.Context, name domain.RoleName) error {
	return s.within(ctx, changing, func(d *data) error {
		if !d.roles.remove(name) {
			return domain.ErrRoleNotFound
		}
		d.touch(application.ChangedRole, string(name))
		return nil
	})
}

func (s roles) Permissions(ctx context.Context, names []domain.RoleName) (domain.Permissions, error) {
	return read(ctx, s.within, func(d *data) (domain.Permissions, error) { return d.permissions(names), nil })
}

func (d *data) permissions(names []domain.RoleName) domain.Permissions {
	var all []domain.Permission
	for _, name := range names {
		all = append(all, d.roles.rows[name].Permissions...)
	}
	return domain.NewPermissions(all...)
}
