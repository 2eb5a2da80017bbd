package application

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Users is how accounts are administered, by people over HTTP and by the
// operator on the command line. Whether the caller may administer at all is
// asked before; how far the caller reaches is asked here.
type Users struct {
	Journal Journal
	Hasher  PasswordHasher
	Queue   HashingQueue
	Policy  domain.PasswordPolicy
}

// NewUser is an account to be made. Password or Hash may be given, or neither:
// then nobody can log in until a reset.
type NewUser struct {
	Email    domain.Email
	Name     string
	Roles    []domain.RoleName // none: the role user
	Password domain.Password
	Hash     domain.PasswordHash // of another system, kept as it is
	Verified bool                // the mailbox is known to be theirs
}

// Create makes an account. domain.ErrEmailTaken; domain.ErrInvalid for a
// refused password, a hash that can't be verified or an unknown role;
// domain.ErrInsufficientPermissions for a role that allows more than the caller
// may, and for any role that is named unless they have domain.RolesAssign.
func (uc *Users) Create(ctx context.Context, caller domain.Principal, n NewUser) (domain.User, error) {
	hash := n.Hash
	if err := checkForeign(uc.Hasher, hash); err != nil {
		return domain.User{}, err
	}
	if !n.Password.IsZero() {
		if err := uc.Policy.Check("password", n.Password, n.Email); err != nil {
			return domain.User{}, err
		}
		var err error
		if hash, err = hashInTurn(ctx, uc.Queue, uc.Hasher, n.Password); err != nil {
			return domain.User{}, err
		}
	}
	now := uc.Journal.Clock.Now()
	user := domain.NewUser(domain.UserID(uc.Journal.IDs.NewID()), n.Email, n.Name, n.Roles, now)
	if n.Verified {
		user.EmailVerifiedAt = now
	}
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		if len(n.Roles) > 0 && !caller.Can(domain.RolesAssign) {
			return domain.ErrInsufficientPermissions
		}
		if err := grantable(ctx, tx, caller, user.Roles); err != nil {
			return err
		}
		note(domain.Event{Type: domain.UserCreated, Subject: string(user.ID), Actor: caller.Subject})
		return insertWithPassword(ctx, tx, user, newPassword(uc.Journal, user.ID, hash))
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("create user: %w", err)
	}
	return user, nil
}

// List returns a page of users by ascending ID.
func (uc *Users) List(ctx context.Context, filter UserFilter, page Page[domain.UserID]) ([]domain.User, error) {
	return uc.Journal.Store.Users().List(ctx, filter, page)
}

// User returns one user. domain.ErrUserNotFound.
func (uc *Users) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	return uc.Journal.Store.Users().User(ctx, id)
}

// ByEmail returns one user. domain.ErrUserNotFound.
func (uc *Users) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return uc.Journal.Store.Users().UserByEmail(ctx, email)
}

// UpdateOwn changes what is the user's own to change: the name, unless it is
// nil. The errors are those of Update.
func (uc *Users) UpdateOwn(ctx context.Context, id domain.UserID, name *string, precondition Precondition) (domain.User, error) {
	// Everybody reaches themselves, whatever they hold.
	self := domain.Principal{Kind: domain.PrincipalUser, Subject: string(id), Permissions: domain.NewPermissions(domain.EveryPermission)}
	return uc.Update(ctx, self, id, UserChanges{Name: name}, precondition)
}

// UserChanges is what of an account is to change; nil stays as it is.
type UserChanges struct {
	Name   *string
	Email  *domain.Email // not verified any more, when it is another
	Active *bool         // false ends every session
}

// Update changes an account. domain.ErrPreconditionFailed,
// domain.ErrUserNotFound, domain.ErrEmailTaken, domain.ErrLastAdmin,
// domain.ErrInsufficientPermissions.
func (uc *Users) Update(ctx context.Context, caller domain.Principal, id domain.UserID, changes UserChanges, precondition Precondition) (domain.User, error) {
	return uc.change(ctx, caller, id, precondition, func(ctx context.Context, tx Tx, user domain.User, note Note) (domain.User, error) {
		if changes.Name != nil && *changes.Name != user.Name {
			user.Name = *changes.Name
			note(domain.Event{Type: domain.UserUpdated, Details: map[string]string{"changed": "name"}})
		}
		if changes.Email != nil && *changes.Email != user.Email {
			user.Email, user.EmailVerifiedAt = *changes.Email, time.Time{}
			note(domain.Event{Type: domain.EmailChanged})
			if err := tx.MailTokens().DeleteOf(ctx, user.ID, ""); err != nil { // they prove the former mailbox
				return user, err
			}
		}
		if changes.Active != nil && *changes.Active != user.Active() {
			if *changes.Active {
				user.Status = domain.StatusActive
				note(domain.Event{Type: domain.UserEnabled})
			} else {
				user.Status = domain.StatusDisabled
				user.Version++ // enabling again resurrects nothing
				note(domain.Event{Type: domain.UserDisabled})
				if err := tx.MailTokens().DeleteOf(ctx, user.ID, ""); err != nil { // nor what was mailed before
					return user, err
				}
			}
		}
		return user, nil
	})
}

// SetRoles gives a user these roles and no others; it ends no session. The
// errors are those of Update, and domain.ErrInvalid for an unknown role.
func (uc *Users) SetRoles(ctx context.Context, caller domain.Principal, id domain.UserID, roles []domain.RoleName, precondition Precondition) (domain.User, error) {
	return uc.change(ctx, caller, id, precondition, func(ctx context.Context, tx Tx, user domain.User, note Note) (domain.User, error) {
		if err := grantable(ctx, tx, caller, roles); err != nil {
			return user, err
		}
		user.Roles = domain.RoleNames(roles...)
		note(domain.Event{Type: domain.UserRolesChanged, Details: map[string]string{"roles": joinRoles(user.Roles)}})
		return user, nil
	})
}

// SetPassword gives a user a new password and ends every session: the
// operator's way, never offered over HTTP.
func (uc *Users) SetPassword(ctx context.Context, caller domain.Principal, id domain.UserID, chosen domain.Password) error {
	user, err := uc.User(ctx, id)
	if err != nil {
		return err
	}
	if err := uc.Policy.Check("password", chosen, user.Email); err != nil {
		return err
	}
	hash, err := hashInTurn(ctx, uc.Queue, uc.Hasher, chosen)
	if err != nil {
		return err
	}
	_, err = uc.change(ctx, caller, id, Precondition{}, func(ctx context.Context, tx Tx, user domain.User, note Note) (domain.User, error) {
		note(domain.Event{Type: domain.PasswordChanged, Reason: "set_by_operator"})
		return replacePassword(ctx, tx, user, newPassword(uc.Journal, user.ID, hash))
	})
	return err
}

// Delete removes an account with everything that is its own.
// domain.ErrUserNotFound, domain.ErrLastAdmin,
// domain.ErrInsufficientPermissions, domain.ErrPreconditionFailed.
func (uc *Users) Delete(ctx context.Context, caller domain.Principal, id domain.UserID, precondition Precondition) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := uc.reached(ctx, tx, caller, id, precondition)
		if err != nil {
			return err
		}
		if err := keepsAdmin(ctx, tx, user, domain.User{}); err != nil {
			return err
		}
		note(domain.Event{Type: domain.UserDeleted, Subject: string(id), Actor: caller.Subject})
		return tx.Users().Delete(ctx, id)
	})
	if err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// change reads a user that caller reaches, lets fn change it, and stores the
// result if the last admin survives it. Where fn notes nothing, nothing has
// changed, and the revision stays.
func (uc *Users) change(
	ctx context.Context, caller domain.Principal, id domain.UserID, precondition Precondition,
	fn func(ctx context.Context, tx Tx, user domain.User, note Note) (domain.User, error),
) (domain.User, error) {
	var user domain.User
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		before, err := uc.reached(ctx, tx, caller, id, precondition)
		if err != nil {
			return err
		}
		changed := false
		noteOfUser := func(e domain.Event) {
			changed = true
			e.Subject, e.Actor = string(id), caller.Subject
			note(e)
		}
		if user, err = fn(ctx, tx, before, noteOfUser); err != nil || !changed {
			return err
		}
		if err := keepsAdmin(ctx, tx, before, user); err != nil {
			return err
		}
		user = touched(user, uc.Journal.Clock.Now())
		return tx.Users().Update(ctx, user)
	})
	if err != nil {
		return domain.User{}, fmt.Errorf("change user %s: %w", id, err)
	}
	return user, nil
}

// reached is reachedUser under a precondition.
func (uc *Users) reached(ctx context.Context, tx Tx, caller domain.Principal, id domain.UserID, precondition Precondition) (domain.User, error) {
	user, err := reachedUser(ctx, tx, caller, id)
	if err != nil {
		return user, err
	}
	return user, precondition.check(user.UpdatedAt)
}

func joinRoles(roles []domain.RoleName) string {
	text := ""
	for i, r := range roles {
		if i > 0 {
			text += " "
		}
		text += string(r)
	}
	return text
}
