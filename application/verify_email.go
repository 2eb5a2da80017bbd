package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// VerifyEmail takes the proof that a mailbox is its user's: of the address that
// the account has, or of the one that it is to have.
type VerifyEmail struct {
	Journal Journal
	Outbox  *Outbox
	// Throttle limits mails and presented tokens; the zero Throttle limits none.
	Throttle Throttle
}

// Do uses a mailed token up. domain.ErrInvalidMailToken, also when somebody
// else has the new address by now; domain.ErrRateLimited. A token that is worth
// nothing, which anybody may send, begins no transaction.
func (uc *VerifyEmail) Do(ctx context.Context, token string) error {
	if err := uc.Throttle.verify(ctx); err != nil {
		return uc.Journal.limited(ctx, err)
	}
	purposes := []domain.MailPurpose{domain.MailVerifyEmail, domain.MailChangeEmail}
	_, err := present(ctx, uc.Journal.Store, uc.Journal.Clock, token, purposes...)
	if err == nil {
		err = uc.prove(ctx, token, purposes)
	}
	if err != nil {
		return fmt.Errorf("verify an email: %w", refuseMailed(ctx, uc.Journal, domain.EmailVerified, err))
	}
	return nil
}

func (uc *VerifyEmail) prove(ctx context.Context, token string, purposes []domain.MailPurpose) error {
	return uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		m, err := use(ctx, tx, uc.Journal.Clock, token, purposes...)
		if err != nil {
			return err
		}
		if m.token.Purpose == domain.MailChangeEmail {
			return uc.change(ctx, tx, m, note)
		}
		if m.user.EmailVerified() { // by an earlier mail, or a reset
			return nil
		}
		now := uc.Journal.Clock.Now()
		m.user.EmailVerifiedAt = now
		note(domain.Event{Type: domain.EmailVerified, Subject: string(m.user.ID)})
		return tx.Users().Update(ctx, touched(m.user, now))
	})
}

// change gives a user the address that the token proves. What was mailed to
// the former one is worth nothing from now on.
func (uc *VerifyEmail) change(ctx context.Context, tx Tx, m mailed, note Note) error {
	now := uc.Journal.Clock.Now()
	m.user.Email, m.user.EmailVerifiedAt = m.token.Email, now
	note(domain.Event{Type: domain.EmailChanged, Subject: string(m.user.ID)})
	err := tx.Users().Update(ctx, touched(m.user, now))
	if errors.Is(err, domain.ErrEmailTaken) {
		return domain.ErrInvalidMailToken
	}
	if err != nil {
		return err
	}
	return tx.MailTokens().DeleteOf(ctx, m.user.ID, "")
}

// Resend mails the proof again to an account that lacks it and has not had too
// many mails. Nobody learns whether there is one. domain.ErrRateLimited for too
// many of the client.
func (uc *VerifyEmail) Resend(ctx context.Context, email domain.Email) error {
	send, err := uc.Throttle.mail(ctx, email, proofMail)
	if err != nil {
		return uc.Journal.limited(ctx, err)
	}
	return uc.Outbox.ask(ctx, uc.Journal, email, domain.MailVerifyEmail, domain.VerificationRequested, func(u domain.User) string {
		switch {
		case !u.Active():
			return "user_inactive"
		case u.EmailVerified():
			return "already_verified"
		case !send:
			return "rate_limited"
		}
		return ""
	})
}
