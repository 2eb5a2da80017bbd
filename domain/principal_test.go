package domain_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestAPrincipalMayWhatItsPermissionsAllow(t *testing.T) {
	t.Parallel()
	p := domain.Principal{Roles: []domain.RoleName{"a", "b"}, Permissions: domain.NewPermissions("reports:read", "users:read")}
	for _, c := range []struct {
		name      string
		got, want bool
	}{
		{"Can, held", p.Can("users:read"), true},
		{"Can, not held", p.Can("users:write"), false},
		{"Can, everything", p.Can(domain.EveryPermission), false},
		{"HasAny, one of them", p.HasAny("x", "b"), true},
		{"HasAny, none of them", p.HasAny("x", "y"), false},
		{"HasAny, of nothing", p.HasAny(), false},
		{"Reaches, fewer", p.Reaches(domain.NewPermissions("reports:read")), true},
		{"Reaches, equal", p.Reaches(p.Permissions), true},
		{"Reaches, nobody special", p.Reaches(nil), true},
		{"Reaches, more", p.Reaches(domain.NewPermissions("reports:read", "reports:write")), false},
		{"Reaches, an admin", p.Reaches(domain.NewPermissions(domain.EveryPermission)), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, c.got, c.want)
		}
	}
}

func TestNobodyMayNothing(t *testing.T) {
	t.Parallel()
	var nobody domain.Principal
	if nobody.Can("users:read") || nobody.Can("") || nobody.HasAny("user", "") || nobody.Reaches(domain.NewPermissions("a:b")) {
		t.Errorf("the zero principal: got authority, want none")
	}
}

func TestTheOperatorMayEverythingAndIsNoUser(t *testing.T) {
	t.Parallel()
	operator := domain.Operator()
	if !operator.Can("anything:new") || !operator.Reaches(domain.NewPermissions(domain.EveryPermission)) {
		t.Errorf("the operator: got %v, want everything", operator.Permissions)
	}
	if operator.Kind != domain.PrincipalOperator || operator.User != nil || operator.HasAny(domain.RoleAdmin) {
		t.Errorf("the operator: got %+v, want no user and no role", operator)
	}
}
