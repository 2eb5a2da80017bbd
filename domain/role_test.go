package domain_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestParseRoleNameTakesLowerCaseNames(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"admin": true, "a": true, "team-lead_2": true, longName: true,
		"": false, "Admin": false, "2nd": false, "-a": false, "_a": false, "a b": false, "a:b": false, "ä": false,
		"a\n": false, "*": false, longName + "z": false,
	} {
		got, err := domain.ParseRoleName("role", text)
		switch {
		case good && (err != nil || string(got) != text):
			t.Errorf("ParseRoleName(%q): got %q, %v, want it as it is", text, got, err)
		case !good && (!errors.Is(err, domain.ErrInvalid) || got != ""):
			t.Errorf("ParseRoleName(%q): got %q, %v, want %v", text, got, err, domain.ErrInvalid)
		}
	}
}

func TestRoleNamesAreSortedEachOnceAndACopy(t *testing.T) {
	t.Parallel()
	given := []domain.RoleName{"b", "a", "b", "a"}
	got := domain.RoleNames(given...)
	if want := []domain.RoleName{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("RoleNames: got %v, want %v", got, want)
	}
	if want := []domain.RoleName{"b", "a", "b", "a"}; !slices.Equal(given, want) {
		t.Errorf("the argument: got %v, want %v as before", given, want)
	}
}

func TestBuiltInRolesAreWhatTheyPromise(t *testing.T) {
	t.Parallel()
	roles := domain.BuiltInRoles()
	if !slices.IsSortedFunc(roles, func(a, b domain.Role) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) }) {
		t.Errorf("BuiltInRoles: got %v, want them by name", roles)
	}
	may := map[domain.RoleName]domain.Permissions{}
	for _, role := range roles {
		if name, err := domain.ParseRoleName("role", string(role.Name)); err != nil || !name.BuiltIn() || role.Description == "" {
			t.Errorf("role %+v: got %v, want a valid name that is built in, and a description", role, err)
		}
		may[role.Name] = role.Permissions
	}
	if len(may) != 3 || domain.RoleName("auditor").BuiltIn() {
		t.Errorf("built-in roles: got %v, want three", may)
	}
	for _, c := range []struct {
		role       domain.RoleName
		permission domain.Permission
		want       bool
	}{
		{domain.RoleAdmin, domain.UsersDelete, true},
		{domain.RoleAdmin, "reports:read", true},
		{domain.RoleModerator, domain.UsersRead, true},
		{domain.RoleModerator, domain.SessionsRevoke, true},
		{domain.RoleModerator, domain.AuditRead, true},
		{domain.RoleModerator, domain.UsersWrite, false},
		{domain.RoleModerator, domain.RolesAssign, false},
		{domain.RoleUser, domain.UsersRead, false},
	} {
		if got := may[c.role].Allow(c.permission); got != c.want {
			t.Errorf("%s may %s: got %t, want %t", c.role, c.permission, got, c.want)
		}
	}
}

func TestBuiltInRolesAreNotShared(t *testing.T) {
	t.Parallel()
	domain.BuiltInRoles()[1].Permissions[0] = domain.EveryPermission
	if got := domain.BuiltInRoles()[1].Permissions; got.Allow(domain.UsersDelete) {
		t.Errorf("permissions after a caller changed its own: got %v, want them as before", got)
	}
}
