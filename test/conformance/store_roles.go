package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func putRole(t testing.TB, s application.Tx, name domain.RoleName, permissions ...domain.Permission) domain.Role {
	t.Helper()
	role := domain.Role{
		Name: name, Description: "Reads “reports” — alle", Permissions: domain.NewPermissions(permissions...),
		CreatedAt: noon, UpdatedAt: noon.Add(time.Microsecond),
	}
	require(t, "put a role", s.Roles().Put(t.Context(), role))
	return role
}

var roleCases = []Case{
	{"the built-in roles are there from the start", func(t testing.TB, s application.Storage) {
		roles, err := s.Roles().Roles(t.Context())
		for i := range roles {
			roles[i].CreatedAt, roles[i].UpdatedAt = time.Time{}, time.Time{} // when is the storage's to say
		}
		same(t, "Roles", roles, err, domain.BuiltInRoles())
	}},
	{"a role is put, replaced and deleted", func(t testing.TB, s application.Storage) {
		role := putRole(t, s, "reporter", "reports:read", "reports:list")
		got, err := s.Roles().Role(t.Context(), role.Name)
		same(t, "Role", got, err, role)
		role.Description, role.Permissions, role.UpdatedAt = "", nil, noon.Add(time.Hour)
		again := role
		again.CreatedAt = noon.Add(time.Hour)
		require(t, "Put", s.Roles().Put(t.Context(), again))
		got, err = s.Roles().Role(t.Context(), role.Name)
		same(t, "Role after it was replaced", got, err, role)

		putRole(t, s, "editor")
		roles, err := s.Roles().Roles(t.Context())
		names := make([]domain.RoleName, len(roles))
		for i, r := range roles {
			names[i] = r.Name
		}
		same(t, "names of Roles", names, err, []domain.RoleName{"admin", "editor", "moderator", "reporter", "user"})

		succeed(t, "Delete", s.Roles().Delete(t.Context(), role.Name))
		_, err = s.Roles().Role(t.Context(), role.Name)
		refuse(t, "Role after Delete", err, domain.ErrRoleNotFound)
		refuse(t, "Delete again", s.Roles().Delete(t.Context(), role.Name), domain.ErrRoleNotFound)
	}},
	{"roles allow together what each allows, and unknown ones nothing", func(t testing.TB, s application.Storage) {
		putRole(t, s, "a", "reports:read", "users:read")
		putRole(t, s, "b", "reports:read", "reports:write")
		for _, c := range []struct {
			name  string
			roles []domain.RoleName
			want  domain.Permissions
		}{
			{"none", nil, nil},
			{"unknown", []domain.RoleName{"nobodys"}, nil},
			{"empty", []domain.RoleName{domain.RoleUser}, nil},
			{"several", []domain.RoleName{"b", "nobodys", "a", "a"}, domain.NewPermissions("reports:read", "reports:write", "users:read")},
			{"admin", []domain.RoleName{"a", domain.RoleAdmin}, domain.NewPermissions(domain.EveryPermission, "reports:read", "users:read")},
		} {
			got, err := s.Roles().Permissions(t.Context(), c.roles)
			same(t, c.name, got, err, c.want)
		}
		got, err := s.Roles().Permissions(t.Context(), []domain.RoleName{"a", domain.RoleAdmin})
		if err != nil || !got.Allow("anything:else") {
			t.Errorf("what an admin may: got %v, %v, want everything", got, err)
		}
	}},
}
