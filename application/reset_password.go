package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ResetPassword lets whoever proves the mailbox choose a new password. It
// verifies the address and ends every session, so that an account which a
// stranger prepared on somebody's address is worth nothing to the stranger.
type ResetPassword struct {
	Journal Journal
	Hasher  PasswordHasher
	Queue   HashingQueue
	Policy  domain.PasswordPolicy
	// Throttle limits presented tokens, and forgets the account's failures
	// after a reset; the zero Throttle does neither.
	Throttle Throttle
}

// Do uses a mailed token up. domain.ErrInvalidMailToken; with the token still
// good: domain.ErrInvalid on "new_password", domain.ErrRateLimited,
// domain.ErrOverloaded.
func (uc *ResetPassword) Do(ctx context.Context, token string, chosen domain.Password) error {
	if err := uc.Throttle.reset(ctx); err != nil {
		return uc.Journal.limited(ctx, err)
	}
	presented, err := present(ctx, uc.Journal.Store, uc.Journal.Clock, token, domain.MailResetPassword)
	if err != nil {
		return fmt.Errorf("reset a password: %w", refuseMailed(ctx, uc.Journal, domain.PasswordReset, err))
	}
	if err := uc.Policy.Check("new_password", chosen, presented.user.Email); err != nil {
		return err
	}
	hash, err := hashInTurn(ctx, uc.Queue, uc.Hasher, chosen)
	if err != nil {
		return err
	}
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		m, err := use(ctx, tx, uc.Journal.Clock, token, domain.MailResetPassword)
		if err != nil {
			return err
		}
		password := newPassword(uc.Journal, m.user.ID, hash)
		if !m.user.EmailVerified() {
			m.user.EmailVerifiedAt = password.CreatedAt
			note(domain.Event{Type: domain.EmailVerified, Subject: string(m.user.ID)})
		}
		if _, err := replacePassword(ctx, tx, m.user, password); err != nil {
			return err
		}
		note(domain.Event{Type: domain.PasswordReset, Subject: string(m.user.ID)})
		return tx.MailTokens().DeleteOf(ctx, m.user.ID, "")
	})
	if err != nil {
		return fmt.Errorf("reset a password: %w", refuseMailed(ctx, uc.Journal, domain.PasswordReset, err))
	}
	// The password is changed, whatever becomes of the failures: they pass by themselves.
	_ = uc.Throttle.passwordReset(ctx, presented.user.Email)
	return nil
}
