package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ErrRegistrationClosed says that accounts are made by those who administer.
var ErrRegistrationClosed = &domain.Error{Kind: domain.KindForbidden, Code: "registration-closed", Detail: "Registration is closed"}

// Register makes an account for whoever asks, and never tells whether the
// address had one already: the answer, the hash, the mail and the commit are the same.
type Register struct {
	Journal Journal
	Hasher  PasswordHasher
	Queue   HashingQueue
	Policy  domain.PasswordPolicy
	Open    bool
	// Throttle limits registrations; the zero Throttle limits none.
	Throttle Throttle
	Outbox   *Outbox // nil: no mail can be sent
}

// Registration is what a person signs up with.
type Registration struct {
	Email    domain.Email
	Password domain.Password
	Name     string
}

// Do makes the account, unless the address is taken: then it records that and
// returns nil all the same. ErrRegistrationClosed; domain.ErrInvalid for a
// password that the policy refuses; domain.ErrRateLimited; domain.ErrOverloaded.
func (uc *Register) Do(ctx context.Context, r Registration) error {
	if !uc.Open {
		return ErrRegistrationClosed
	}
	if err := uc.Policy.Check("password", r.Password, r.Email); err != nil {
		return err
	}
	if err := uc.Throttle.register(ctx); err != nil {
		return uc.Journal.limited(ctx, err)
	}
	tell, err := uc.Throttle.mailTo(ctx, r.Email, registerMail)
	if err != nil {
		return err
	}
	hash, err := hashInTurn(ctx, uc.Queue, uc.Hasher, r.Password)
	if err != nil {
		return err
	}
	now := uc.Journal.Clock.Now()
	user := domain.NewUser(domain.UserID(uc.Journal.IDs.NewID()), r.Email, r.Name, nil, now)
	add := func(ctx context.Context, tx Tx, note Note) error {
		taken, err := tx.Users().UserByEmail(ctx, r.Email)
		if err == nil {
			note(domain.Event{Type: domain.RegistrationRepeated, Outcome: domain.Failure, Reason: "email_taken", Subject: string(taken.ID)})
			return uc.tellOwner(ctx, tx, taken, tell)
		}
		if !errors.Is(err, domain.ErrUserNotFound) {
			return err
		}
		note(domain.Event{Type: domain.UserRegistered, Subject: string(user.ID)})
		if err := insertWithPassword(ctx, tx, user, newPassword(uc.Journal, user.ID, hash)); err != nil || uc.Outbox == nil {
			return err
		}
		return uc.Outbox.postToken(ctx, tx, user.ID, domain.MailVerifyEmail, user.Email)
	}
	err = uc.Journal.Change(ctx, add)
	if errors.Is(err, domain.ErrEmailTaken) { // somebody else registered it between the read and the insert
		err = uc.Journal.Change(ctx, add)
	}
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	uc.Outbox.rouse()
	return nil
}

// tellOwner mails the owner of a taken address that it was tried again, unless
// they had enough of that, and does as many statements as making the account
// would have.
func (uc *Register) tellOwner(ctx context.Context, tx Tx, owner domain.User, tell bool) error {
	nobody := uc.Journal.IDs.NewID()
	if _, err := tx.Sessions().Revoke(ctx, domain.SessionID(nobody), uc.Journal.Clock.Now()); err != nil {
		return err
	}
	if _, err := tx.MailTokens().Delete(ctx, domain.MailTokenID(nobody)); err != nil {
		return err
	}
	if uc.Outbox == nil {
		return nil
	}
	if _, err := tx.MailTokens().Delete(ctx, domain.MailTokenID(nobody)); err != nil {
		return err
	}
	text := mailAlreadyRegistered
	if !tell {
		text = decoy
	}
	return uc.Outbox.post(ctx, tx, owner.Email, text, enclosure{User: owner.ID})
}
