package kvstore

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type roles struct {
	shelf[domain.RoleName, domain.Role]
}

// admitRole keeps when a role was made, and tells of one that is new: users may hold its name already.
func admitRole(t *transaction, role *domain.Role) error {
	old, err := roleRows.get(t, role.Name)
	if err == nil {
		role.CreatedAt = old.CreatedAt
	}
	t.touch(application.ChangedRole, string(role.Name))
	return nil
}

func (p roles) Roles(ctx context.Context) ([]domain.Role, error) { return p.all(ctx) }

func (p roles) Role(ctx context.Context, name domain.RoleName) (domain.Role, error) {
	return p.find(ctx, name)
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
