package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ChangeEmail begins a change of a user's own address: a token goes to the new
// one, and the old one is told. VerifyEmail completes it.
type ChangeEmail struct {
	Journal Journal
	Hasher  PasswordHasher
	Queue   HashingQueue
	// Throttle limits wrong passwords as it does at login; the zero Throttle
	// limits none.
	Throttle Throttle
	Outbox   *Outbox
}

// Do mails the token, and the notice. Nobody learns whether the new address has
// an account: then it gets no mail. domain.ErrInvalid on "current_password"
// when that is wrong, on "new_email" when it is the caller's already;
// domain.ErrUserChanged; domain.ErrOverloaded.
func (uc *ChangeEmail) Do(ctx context.Context, caller domain.User, address domain.Email, current domain.Password) error {
	if address == caller.Email {
		return domain.Invalid("new_email", "is your address already")
	}
	proof := currentPassword{uc.Journal, uc.Hasher, uc.Queue, uc.Throttle}
	if err := proof.verify(ctx, caller, current, nil); err != nil {
		return err
	}
	send, err := uc.Throttle.mail(ctx, address, changeMail)
	if err != nil {
		return uc.Journal.limited(ctx, err)
	}
	err = uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := tx.Users().User(ctx, caller.ID)
		if err != nil {
			return err
		}
		if user.Version != caller.Version {
			return domain.ErrUserChanged
		}
		if err := tx.MailTokens().DeleteOf(ctx, user.ID, domain.MailChangeEmail); err != nil { // there is one new address at a time
			return err
		}
		note(domain.Event{Type: domain.EmailChangeRequested, Subject: string(user.ID)})
		notice := enclosure{
			User: user.ID, NewEmail: address.String(),
			ExpiresAt: uc.Journal.Clock.Now().Add(domain.MailChangeEmail.Lifetime()),
		}
		if err := uc.Outbox.post(ctx, tx, user.Email, mailEmailChanging, notice); err != nil {
			return err
		}
		_, err = tx.Users().UserByEmail(ctx, address)
		switch {
		case err != nil && !errors.Is(err, domain.ErrUserNotFound):
			return err
		case err == nil, !send:
			return uc.Outbox.pretendToken(ctx, tx, address)
		}
		return uc.Outbox.postToken(ctx, tx, user.ID, domain.MailChangeEmail, address)
	})
	if err != nil {
		return fmt.Errorf("change the email of user %s: %w", caller.ID, err)
	}
	uc.Outbox.rouse()
	return nil
}
