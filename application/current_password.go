package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// currentPassword asks a user who is logged in for the password once more,
// before something that a borrowed session must not do.
type currentPassword struct {
	journal Journal
	hasher  PasswordHasher
	queue   HashingQueue
	// throttle counts a wrong password as a failed login.
	throttle Throttle
}

// verify returns nil when presented is the caller's password, and else
// domain.ErrInvalid on "current_password", which counts as a failed login;
// domain.ErrRateLimited. then, unless it is nil, runs in the same turn, after a match.
func (p currentPassword) verify(ctx context.Context, caller domain.User, presented domain.Password, then func() error) error {
	try, err := p.throttle.try(ctx, caller.Email.String())
	if err != nil {
		return p.journal.limited(ctx, err)
	}
	defer try.end(ctx)
	if err := p.queue.Admit(ctx); err != nil {
		return err
	}
	account, err := p.journal.Store.Credentials().Account(ctx, caller.ID)
	if err != nil {
		return fmt.Errorf("read the account: %w", err)
	}
	var proof Verification
	queued := try.inTurn(ctx, p.queue, func() {
		proof, err = p.hasher.Verify(ctx, account.Password.Hash, presented)
		if err == nil && proof.Match && then != nil {
			err = then()
		}
	})
	switch {
	case queued != nil:
		return p.journal.limited(ctx, queued)
	case err != nil:
		return fmt.Errorf("hash the password: %w", err)
	case !proof.Match:
		try.failed(ctx)
		event := domain.Event{Type: domain.LoginFailed, Subject: string(caller.ID)}
		return p.journal.refuse(ctx, event, "wrong_current_password",
			domain.Invalid("current_password", "is not your current password"))
	}
	try.succeeded(ctx)
	return nil
}
