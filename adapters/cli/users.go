package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Users is the commands about users.
type Users struct {
	Create      createUser  `cmd:"" help:"Make a user."`
	List        listUsers   `cmd:"" help:"List all users."`
	Show        showUser    `cmd:"" help:"Show one user."`
	Disable     disableUser `cmd:"" help:"Lock a user out and end every session, at once."`
	Enable      enableUser  `cmd:"" help:"Let a disabled user log in again."`
	SetPassword setPassword `cmd:"" help:"Give a user a new password and end every session."`
	Grant       grantRole   `cmd:"" help:"Give a user a role, from the next request on."`
	Revoke      revokeRole  `cmd:"" help:"Take a role from a user, from the next request on."`
	Delete      deleteUser  `cmd:"" help:"Remove a user with everything that is theirs; the address is free again."`
	Import      importUsers `cmd:"" help:"Bring in the users of another system, or of another Sallyport."`
	Export      exportUsers `cmd:"" help:"Write all users to a file, with the hashes of their passwords."`
}

type createUser struct {
	Email         email  `arg:"" help:"The address to log in with."`
	Role          []role `sep:"none" placeholder:"ROLE" help:"A role to hold; may be given several times. Without it: user."`
	Name          string `placeholder:"NAME" help:"What to call the person."`
	PasswordStdin bool   `help:"Read the password from standard input, less one trailing newline, in place of asking."`
	JSON          bool   `help:"Print the user as JSON."`
}

// Help is shown below the summary.
func (*createUser) Help() string {
	return `The first admin is made like this; there is no default account:

    sallyport users create you@example.com --role admin

In a script, where nobody can be asked:

    printf %s "$PASSWORD" | sallyport users create ci@example.com --password-stdin

The address counts as verified: whoever runs this command vouches for it.`
}

// Run makes the user.
func (cmd *createUser) Run(ctx context.Context, console *Console, service Service) error {
	name, err := domain.ParseName("name", cmd.Name)
	if err != nil {
		return &UsageError{err.Error()}
	}
	password, err := console.password(ctx, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	roles := make([]domain.RoleName, len(cmd.Role))
	for i, r := range cmd.Role {
		roles[i] = domain.RoleName(r)
	}
	user, err := uc.Users.Create(ctx, domain.Operator(), application.NewUser{
		Email: cmd.Email.Email, Name: name, Roles: roles, Password: password, Verified: true,
	})
	if err != nil {
		return err
	}
	if cmd.JSON {
		return console.JSON(shownUser(user))
	}
	return console.Print("%s  %s  %s", user.ID, user.Email, roleList(user.Roles))
}

type listUsers struct {
	JSON bool `help:"Print a JSON array, one user a line."`
}

// Help is shown below the summary.
func (*listUsers) Help() string {
	return `    sallyport users list --json | jq -r '.[] | select(.is_active) | .email'`
}

// Run lists the users, page by page.
func (cmd *listUsers) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	l := console.list(cmd.JSON, "ID", "EMAIL", "NAME", "ROLES", "STATUS", "CREATED")
	page := application.Page[domain.UserID]{Limit: pageSize}
	for {
		users, err := uc.Users.List(ctx, application.UserFilter{}, page)
		if err != nil {
			return err
		}
		for _, u := range users {
			err := l.add(shownUser(u), string(u.ID), u.Email.String(), u.Name, roleList(u.Roles), string(u.Status), instant(u.CreatedAt))
			if err != nil {
				return err
			}
			page.After = u.ID
		}
		if len(users) < pageSize {
			return l.end()
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
}

const pageSize = 200

// existing is the argument of the commands that act on one user.
type existing struct {
	Email email `arg:"" help:"The user's address."`
	JSON  bool  `help:"Print the user as JSON."`
}

// tell says what became of the user.
func (e existing) tell(console *Console, user domain.User, format string, args ...any) error {
	if e.JSON {
		return console.JSON(shownUser(user))
	}
	console.Note(format, args...)
	return nil
}

// user returns the use cases and the user that is meant.
func (e existing) user(ctx context.Context, service Service) (UseCases, domain.User, error) {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return UseCases{}, domain.User{}, err
	}
	user, err := uc.Users.ByEmail(ctx, e.Email.Email)
	if errors.Is(err, domain.ErrUserNotFound) {
		return UseCases{}, domain.User{}, fmt.Errorf("there is no user %s; `sallyport users list` shows who there is", e.Email)
	}
	return uc, user, err
}

type showUser struct{ existing }

// Run shows the user.
func (cmd *showUser) Run(ctx context.Context, console *Console, service Service) error {
	_, user, err := cmd.user(ctx, service)
	if err != nil {
		return err
	}
	if cmd.JSON {
		return console.JSON(shownUser(user))
	}
	verified := "no"
	if user.EmailVerified() {
		verified = instant(user.EmailVerifiedAt)
	}
	return console.Print("id:        %s\nemail:     %s\nverified:  %s\nname:      %s\nroles:     %s\nstatus:    %s\ncreated:   %s\nupdated:   %s",
		user.ID, user.Email, verified, printable(user.Name), roleList(user.Roles), user.Status, instant(user.CreatedAt), instant(user.UpdatedAt))
}

type disableUser struct{ existing }

// Run disables the user.
func (cmd *disableUser) Run(ctx context.Context, console *Console, service Service) error {
	return cmd.setActive(ctx, console, service, false)
}

type enableUser struct{ existing }

// Run enables the user.
func (cmd *enableUser) Run(ctx context.Context, console *Console, service Service) error {
	return cmd.setActive(ctx, console, service, true)
}

func (e existing) setActive(ctx context.Context, console *Console, service Service, active bool) error {
	uc, user, err := e.user(ctx, service)
	if err != nil {
		return err
	}
	user, err = uc.Users.Update(ctx, domain.Operator(), user.ID, application.UserChanges{Active: &active}, application.Precondition{})
	if err != nil {
		return err
	}
	return e.tell(console, user, "%s is %s.", user.Email, user.Status)
}

type setPassword struct {
	existing
	PasswordStdin bool `help:"Read the password from standard input, less one trailing newline, in place of asking."`
}

// Run sets the password. It asks only when there is such a user.
func (cmd *setPassword) Run(ctx context.Context, console *Console, service Service) error {
	uc, user, err := cmd.user(ctx, service)
	if err != nil {
		return err
	}
	password, err := console.password(ctx, cmd.PasswordStdin)
	if err != nil {
		return err
	}
	if err := uc.Users.SetPassword(ctx, domain.Operator(), user.ID, password); err != nil {
		return err
	}
	if user, err = uc.Users.User(ctx, user.ID); err != nil {
		return err
	}
	return cmd.tell(console, user, "%s has a new password, and every session is over.", user.Email)
}

type grantRole struct {
	existing
	Role role `arg:"" help:"The role's name, such as admin or moderator."`
}

// Run grants the role.
func (cmd *grantRole) Run(ctx context.Context, console *Console, service Service) error {
	return cmd.setRoles(ctx, console, service, func(roles []domain.RoleName) []domain.RoleName {
		return append(roles, domain.RoleName(cmd.Role))
	})
}

type revokeRole struct {
	existing
	Role role `arg:"" help:"The role's name."`
}

// Run takes the role. One that does not exist is a mistake, and not a role that
// the user does not hold.
func (cmd *revokeRole) Run(ctx context.Context, console *Console, service Service) error {
	uc, err := service.UseCases(ctx)
	if err != nil {
		return err
	}
	if _, err := uc.Roles.Role(ctx, domain.RoleName(cmd.Role)); err != nil {
		return fmt.Errorf("there is no role %s: %w", cmd.Role, err)
	}
	return cmd.setRoles(ctx, console, service, func(roles []domain.RoleName) []domain.RoleName {
		return slices.DeleteFunc(roles, func(r domain.RoleName) bool { return r == domain.RoleName(cmd.Role) })
	})
}

// setRoles changes the roles that the user has now, and reads them again when
// somebody else changed them meanwhile.
func (e existing) setRoles(ctx context.Context, console *Console, service Service, change func([]domain.RoleName) []domain.RoleName) error {
	const attempts = 5
	var err error
	for range attempts {
		var uc UseCases
		var user domain.User
		if uc, user, err = e.user(ctx, service); err != nil {
			return err
		}
		roles := domain.RoleNames(change(slices.Clone(user.Roles))...)
		if !slices.Equal(roles, user.Roles) {
			user, err = uc.Users.SetRoles(ctx, domain.Operator(), user.ID, roles, application.IfRevision(user.UpdatedAt))
		}
		if err == nil {
			return e.tell(console, user, "%s has: %s.", user.Email, roleList(user.Roles))
		}
		if !errors.Is(err, domain.ErrPreconditionFailed) {
			return err
		}
	}
	return err
}

type deleteUser struct{ existing }

// Run deletes the user.
func (cmd *deleteUser) Run(ctx context.Context, console *Console, service Service) error {
	uc, user, err := cmd.user(ctx, service)
	if err != nil {
		return err
	}
	if err := uc.Users.Delete(ctx, domain.Operator(), user.ID, application.Precondition{}); err != nil {
		return err
	}
	return cmd.tell(console, user, "%s is deleted.", user.Email)
}

func roleList(roles []domain.RoleName) string {
	if len(roles) == 0 {
		return "no role"
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}
