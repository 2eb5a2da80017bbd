package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ForgotPassword mails a token by which the owner of a mailbox chooses a new
// password. An earlier token stays good until one of them is used: mails
// overtake each other, and a stranger who asks must not spoil the owner's.
type ForgotPassword struct {
	Journal Journal
	Outbox  *Outbox
	// Throttle limits mails; the zero Throttle limits none.
	Throttle Throttle
}

// Do mails a token to the account of email, if there is an active one that
// has not had too many. Nobody learns whether there is. domain.ErrRateLimited
// for too many of the client.
func (uc *ForgotPassword) Do(ctx context.Context, email domain.Email) error {
	send, err := uc.Throttle.mail(ctx, email, resetMail)
	if err != nil {
		return uc.Journal.limited(ctx, err)
	}
	return uc.Outbox.ask(ctx, uc.Journal, email, domain.MailResetPassword, domain.PasswordResetRequested, func(u domain.User) string {
		switch {
		case !u.Active():
			return "user_inactive"
		case !send:
			return "rate_limited"
		}
		return ""
	})
}

// For mails a token to a user whom caller administers. A disabled user's works
// once the user is enabled. domain.ErrUserNotFound,
// domain.ErrInsufficientPermissions.
func (uc *ForgotPassword) For(ctx context.Context, caller domain.Principal, id domain.UserID) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := reachedUser(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		note(domain.Event{Type: domain.PasswordResetRequested, Subject: string(id), Actor: caller.Subject})
		return uc.Outbox.postToken(ctx, tx, id, domain.MailResetPassword, user.Email)
	})
	if err != nil {
		return fmt.Errorf("mail a password reset to user %s: %w", id, err)
	}
	uc.Outbox.rouse()
	return nil
}
