package application_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// What somebody holds goes into their access tokens, which are 8 KiB at most:
// more of it than fits would leave them without any.

// longNames returns n names of 63 characters, the longest that there are.
func longNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%03d", strings.Repeat("r", 59), i)
	}
	return names
}

func TestNobodyHoldsMoreRolesThanATokenSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roles := &application.Roles{Journal: w.journal}
	var names []domain.RoleName
	for _, name := range longNames(domain.MaxRoles + 1) {
		_, _, err := roles.Put(t.Context(), w.operator, domain.Role{Name: domain.RoleName(name)}, application.Precondition{})
		require(t, "put a role", err)
		names = append(names, domain.RoleName(name))
	}
	ada := w.user(t, "ada@example.com")
	set := func(roles []domain.RoleName) error {
		_, err := w.users().SetRoles(t.Context(), w.operator, ada.ID, roles, application.Precondition{})
		return err
	}
	wantField(t, "one role too many", set(names), "roles")
	_, err := w.users().Create(t.Context(), w.operator, application.NewUser{Email: domain.StoredEmail("eve@example.com"), Roles: names})
	wantField(t, "a new user with one role too many", err, "roles")
	require(t, "as many as there may be", set(names[:domain.MaxRoles]))
	w.principal(t, w.login(t, "ada@example.com"))
}

func TestAnAPIKeyHoldsNoMoreThanATokenSays(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{})
	create := func(permissions ...domain.Permission) (application.Client, error) {
		key, text, err := r.apiKeys.Create(t.Context(), domain.Operator(),
			application.NewAPIKey{Name: "many", Permissions: domain.NewPermissions(permissions...)})
		return application.Client{ID: string(key.ID), Secret: text}, err
	}
	var short, long []domain.Permission
	for n, name := range longNames(domain.MaxPermissions + 1) {
		short = append(short, domain.Permission(fmt.Sprintf("r%d:read", n)))
		long = append(long, domain.Permission(name+":"+name))
	}
	_, err := create(short...)
	wantField(t, "one permission too many", err, "permissions")
	_, err = create(long[:domain.MaxHeldBytes/130+1]...)
	wantField(t, "permissions that are too long together", err, "permissions")
	for what, permissions := range map[string][]domain.Permission{
		"as many as there may be": short[:domain.MaxPermissions], "as long as they may be": long[:domain.MaxHeldBytes/130],
	} {
		client, err := create(permissions...)
		require(t, what, err)
		_, err = r.clients.Do(t.Context(), client, "")
		require(t, "a token for "+what, err)
	}
}

func TestARoleAllowsAtMostSoMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var many []domain.Permission
	for n := range domain.MaxPermissions + 1 {
		many = append(many, domain.Permission(fmt.Sprintf("r%d:read", n)))
	}
	put := func(permissions []domain.Permission) error {
		role := domain.Role{Name: "clerk", Permissions: domain.NewPermissions(permissions...)}
		_, _, err := (&application.Roles{Journal: w.journal}).Put(t.Context(), w.operator, role, application.Precondition{})
		return err
	}
	wantField(t, "one permission too many", put(many), "permissions")
	require(t, "as many as there may be", put(many[1:]))
}

func TestAnAPIKeyEndsWhenItCanBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for expires, good := range map[time.Time]bool{last: true, last.Add(time.Second): false, w.clock.Now(): false} {
		_, _, err := (&application.APIKeys{Journal: w.journal}).Create(t.Context(), w.operator, application.NewAPIKey{Name: "late", ExpiresAt: expires})
		if good {
			require(t, "a key until "+expires.String(), err)
		} else {
			wantField(t, "a key until "+expires.String(), err, "expires_at")
		}
	}
}
