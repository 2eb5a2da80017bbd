package sqlstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type roleRow struct {
	Name        string                   `db:"name"`
	Description string                   `db:"description"`
	Permissions names[domain.Permission] `db:"permissions"`
	CreatedAt   instant                  `db:"created_at"`
	UpdatedAt   instant                  `db:"updated_at"`
}

func (r *roleRow) role() domain.Role {
	return domain.Role{
		Name: domain.RoleName(r.Name), Description: r.Description, Permissions: domain.NewPermissions(r.Permissions.list()...),
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
}

func (s roles) Roles(ctx context.Context) ([]domain.Role, error) {
	var rows []roleRow
	if err := s.all(ctx, &rows, s.q.Roles.All); err != nil {
		return nil, err
	}
	return each(rows, (*roleRow).role), nil
}

func (s roles) Role(ctx context.Context, name domain.RoleName) (domain.Role, error) {
	var row roleRow
	if err := s.one(ctx, &row, s.q.Roles.ByName, string(name)); err != nil {
		return domain.Role{}, or(domain.ErrRoleNotFound, err)
	}
	return row.role(), nil
}

func (s roles) Put(ctx context.Context, r domain.Role) error {
	_, err := s.exec(ctx, touches(application.ChangedRole, string(r.Name)), s.q.Roles.Put,
		string(r.Name), r.Description, listed(r.Permissions), at(r.CreatedAt), at(r.UpdatedAt))
	return err
}

func (s roles) Delete(ctx context.Context, name domain.RoleName) error {
	return s.affect(ctx, domain.ErrRoleNotFound, touches(application.ChangedRole, string(name)), s.q.Roles.Delete, string(name))
}

func (s roles) Permissions(ctx context.Context, names []domain.RoleName) (domain.Permissions, error) {
	var sets merged[domain.Permission]
	if err := s.one(ctx, &sets, s.q.Roles.Permissions, listed(names)); err != nil {
		return nil, err
	}
	return domain.NewPermissions(sets.list()...), nil
}
