package application_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// officers makes the role officer, which administers and holds no more, and
// returns one who has it.
func officers(t *testing.T, w *world) domain.Principal {
	t.Helper()
	roles := &application.Roles{Journal: w.journal}
	_, _, err := roles.Put(t.Context(), w.operator, domain.Role{Name: "officer", Permissions: domain.NewPermissions(
		domain.UsersWrite, domain.UsersDelete, domain.RolesAssign, domain.RolesWrite, domain.SessionsRevoke, domain.APIKeysWrite,
	)}, application.Precondition{})
	require(t, "make the role officer", err)
	w.user(t, "officer@example.com", "officer")
	return w.principal(t, w.login(t, "officer@example.com"))
}

func TestAdministrationReachesOnlyDownwards(t *testing.T) {
	t.Parallel()
	inactive, address := false, domain.StoredEmail("mine@example.com")
	none := application.Precondition{}
	for name, act := range map[string]func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error{
		"disable": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			_, err := w.users().Update(ctx, by, whom, application.UserChanges{Active: &inactive}, none)
			return err
		},
		"change the address": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			_, err := w.users().Update(ctx, by, whom, application.UserChanges{Email: &address}, none)
			return err
		},
		"delete": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			return w.users().Delete(ctx, by, whom, none)
		},
		"set the roles": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			_, err := w.users().SetRoles(ctx, by, whom, []domain.RoleName{domain.RoleUser}, none)
			return err
		},
		"set the password": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			return w.users().SetPassword(ctx, by, whom, password(newPassword))
		},
		"end the sessions": func(ctx context.Context, w *world, by domain.Principal, whom domain.UserID) error {
			return (&application.Sessions{Journal: w.journal}).RevokeAll(ctx, by, whom)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			officer := officers(t, w)
			for _, target := range []struct {
				role domain.RoleName
				want error
			}{
				{domain.RoleUser, nil}, // holds nothing
				{"officer", nil},       // holds as much
				{domain.RoleModerator, domain.ErrInsufficientPermissions}, // holds audit:read besides
				{domain.RoleAdmin, domain.ErrInsufficientPermissions},
			} {
				user := w.user(t, string(target.role)+"-target@example.com", target.role)
				wantError(t, "on a "+string(target.role), act(t.Context(), w, officer, user.ID), target.want)
				left, err := w.store.Users().User(t.Context(), user.ID)
				if target.want != nil && (err != nil || left.Version != user.Version || !left.UpdatedAt.Equal(user.UpdatedAt)) {
					t.Errorf("the %s afterwards: got %+v, %v, want it untouched", target.role, left, err)
				}
				if target.role == domain.RoleUser && err == nil { // frees the address that it may have got
					require(t, "delete", w.users().Delete(t.Context(), w.operator, user.ID, none))
				}
			}
			nobody := domain.UserID("019c0000-0000-7000-8000-000000000000")
			wantError(t, "on nobody", act(t.Context(), w, officer, nobody), domain.ErrUserNotFound)
		})
	}
}

func TestNobodyGrantsWhatTheyLack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	officer := officers(t, w)
	user := w.user(t, ada)
	ctx, none := t.Context(), application.Precondition{}
	roles, keys := &application.Roles{Journal: w.journal}, &application.APIKeys{Journal: w.journal}
	for _, test := range []struct {
		name string
		do   func() error
		want error
	}{
		{"a role of theirs", func() error {
			_, err := w.users().SetRoles(ctx, officer, user.ID, []domain.RoleName{"officer", domain.RoleUser}, none)
			return err
		}, nil},
		{"a role above theirs", func() error {
			_, err := w.users().SetRoles(ctx, officer, user.ID, []domain.RoleName{domain.RoleAdmin}, none)
			return err
		}, domain.ErrInsufficientPermissions},
		{"a role that there is not", func() error {
			_, err := w.users().SetRoles(ctx, officer, user.ID, []domain.RoleName{"ghost"}, none)
			return err
		}, domain.ErrInvalid},
		{"a new account above theirs", func() error {
			_, err := w.users().Create(ctx, officer, application.NewUser{Email: domain.StoredEmail("x@example.com"), Roles: []domain.RoleName{domain.RoleModerator}})
			return err
		}, domain.ErrInsufficientPermissions},
		{"a permission to their own role", func() error {
			_, _, err := roles.Put(ctx, officer, domain.Role{Name: "officer", Permissions: domain.NewPermissions(domain.AuditRead)}, none)
			return err
		}, domain.ErrInsufficientPermissions},
		{"less to a role above theirs", func() error {
			_, _, err := roles.Put(ctx, officer, domain.Role{Name: domain.RoleModerator}, none)
			return err
		}, domain.ErrInsufficientPermissions},
		{"anything to the role admin", func() error {
			_, _, err := roles.Put(ctx, w.operator, domain.Role{Name: domain.RoleAdmin}, none)
			return err
		}, domain.ErrAdminRole},
		{"an API key of theirs", func() error {
			_, _, err := keys.Create(ctx, officer, application.NewAPIKey{Name: "robot", Permissions: domain.NewPermissions(domain.UsersWrite)})
			return err
		}, nil},
		{"an API key above theirs", func() error {
			_, _, err := keys.Create(ctx, officer, application.NewAPIKey{Name: "robot", Permissions: domain.NewPermissions(domain.AuditRead)})
			return err
		}, domain.ErrInsufficientPermissions},
	} {
		wantError(t, "grant "+test.name, test.do(), test.want)
	}
}

func TestTheLastActiveAdminStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, none, inactive := t.Context(), application.Precondition{}, false
	admin := w.user(t, ada, domain.RoleAdmin)
	asleep := w.user(t, "asleep@example.com", domain.RoleAdmin)
	require(t, "disable the other admin", disable(ctx, w, asleep.ID))
	for name, do := range map[string]func() error{
		"disable": func() error {
			_, err := w.users().Update(ctx, w.operator, admin.ID, application.UserChanges{Active: &inactive}, none)
			return err
		},
		"demote": func() error {
			_, err := w.users().SetRoles(ctx, w.operator, admin.ID, []domain.RoleName{domain.RoleModerator}, none)
			return err
		},
		"delete": func() error { return w.users().Delete(ctx, w.operator, admin.ID, none) },
	} {
		wantError(t, name, do(), domain.ErrLastAdmin)
	}
	wantError(t, "delete an admin who can't act", w.users().Delete(ctx, w.operator, asleep.ID, none), nil)
	w.user(t, "second@example.com", domain.RoleAdmin)
	wantError(t, "delete one of two", w.users().Delete(ctx, w.operator, admin.ID, none), nil)
}

func TestAWriteToWhatMovedMeanwhileIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user(t, ada)
	name := "Ada"
	changed, err := w.users().Update(t.Context(), w.operator, user.ID, application.UserChanges{Name: &name}, application.IfRevision(user.UpdatedAt))
	wantError(t, "with the revision that is stored", err, nil)
	if !changed.UpdatedAt.After(user.UpdatedAt) {
		t.Errorf("revision: got %v, want it after %v although the clock stood still", changed.UpdatedAt, application.IfRevision(user.UpdatedAt))
	}
	_, err = w.users().SetRoles(t.Context(), w.operator, user.ID, nil, application.IfRevision(user.UpdatedAt))
	wantError(t, "with an earlier revision", err, domain.ErrPreconditionFailed)
	wantError(t, "delete with an earlier revision", w.users().Delete(t.Context(), w.operator, user.ID, application.IfRevision(user.UpdatedAt)), domain.ErrPreconditionFailed)
	wantError(t, "delete with the revision that is stored", w.users().Delete(t.Context(), w.operator, user.ID, application.IfRevision(changed.UpdatedAt)), nil)
}

func TestAChangeToWhatIsThereAlreadyLeavesTheRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.user(t, "ada@example.com")
	w.clock.wait(time.Minute)
	name, address, active := ada.Name, ada.Email, true
	for what, changes := range map[string]application.UserChanges{
		"nothing": {}, "the same": {Name: &name, Email: &address, Active: &active},
	} {
		got, err := w.users().Update(t.Context(), w.operator, ada.ID, changes, application.IfRevision(ada.UpdatedAt))
		require(t, "change "+what, err)
		stored, err := w.users().User(t.Context(), ada.ID)
		require(t, "read the user", err)
		if !got.UpdatedAt.Equal(ada.UpdatedAt) || !stored.UpdatedAt.Equal(ada.UpdatedAt) {
			t.Errorf("%s: got %v, stored %v, want still %v: a change has its audit row", what, got.UpdatedAt, stored.UpdatedAt, ada.UpdatedAt)
		}
	}
}
