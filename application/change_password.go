package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ChangePassword replaces a user's own password: every session ends, and a new
// one begins for the caller.
type ChangePassword struct {
	Journal Journal
	Grants  Grants
	Hasher  PasswordHasher
	Queue   HashingQueue
	// Throttle limits wrong passwords as it does at login; the zero Throttle
	// limits none.
	Throttle Throttle
	Policy   domain.PasswordPolicy
}

// Do returns the tokens of the new session. domain.ErrInvalid on
// "current_password" when that is wrong, on "new_password" when the policy
// refuses it; domain.ErrUserChanged when the account changed meanwhile.
func (uc *ChangePassword) Do(ctx context.Context, caller domain.User, current, chosen domain.Password) (domain.Tokens, error) {
	if err := uc.Policy.Check("new_password", chosen, caller.Email); err != nil {
		return domain.Tokens{}, err
	}
	hash, err := uc.prove(ctx, caller, current, chosen)
	if err != nil {
		return domain.Tokens{}, err
	}
	now := uc.Journal.Clock.Now()
	var user domain.User
	var session domain.Session
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		var err error
		if user, err = tx.Users().User(ctx, caller.ID); err != nil {
			return err
		}
		if user.Version != caller.Version {
			return domain.ErrUserChanged
		}
		if user, err = replacePassword(ctx, tx, user, newPassword(uc.Journal, user.ID, hash)); err != nil {
			return err
		}
		session = uc.Grants.session(ctx, user, now)
		note(domain.Event{Type: domain.PasswordChanged, Subject: string(user.ID), Session: session.ID})
		return tx.Sessions().Insert(ctx, session)
	})
	if err != nil {
		return domain.Tokens{}, fmt.Errorf("change the password of user %s: %w", caller.ID, err)
	}
	return uc.Grants.mint(ctx, session, user, now)
}

// prove verifies the current password and hashes the chosen one, in one turn.
func (uc *ChangePassword) prove(ctx context.Context, caller domain.User, current, chosen domain.Password) (hash domain.PasswordHash, err error) {
	proof := currentPassword{uc.Journal, uc.Hasher, uc.Queue, uc.Throttle}
	err = proof.verify(ctx, caller, current, func() error {
		hash, err = uc.Hasher.Hash(ctx, chosen)
		return err
	})
	return hash, err
}
