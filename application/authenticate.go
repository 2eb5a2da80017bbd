package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// Authenticate is login: it asks who you are, and begins a session.
type Authenticate struct {
	Journal Journal
	Grants  Grants
	Hasher  PasswordHasher
	Queue   HashingQueue
	// Throttle limits attempts; the zero Throttle limits none.
	Throttle Throttle
	// VerifiedOnly refuses accounts whose mailbox is not proved.
	VerifiedOnly bool
}

// Login is what a person presents.
type Login struct {
	Username string // an email address; anything else is nobody's
	Password domain.Password
}

// Do returns the tokens of a new session. Whatever is wrong with the login is
// domain.ErrInvalidCredentials, at the price of one password hash each time.
// domain.ErrRateLimited, whether or not there is such an account and whatever
// the password; domain.ErrOverloaded when no hash can be afforded now: both
// are said before the account is looked up.
func (uc *Authenticate) Do(ctx context.Context, login Login) (domain.Tokens, error) {
	try, err := uc.Throttle.login(ctx, login.Username)
	if err != nil {
		return domain.Tokens{}, uc.Journal.limited(ctx, err)
	}
	defer try.end(ctx)
	if err := uc.Queue.Admit(ctx); err != nil {
		return domain.Tokens{}, err
	}
	account, err := uc.account(ctx, login.Username)
	if err != nil {
		return domain.Tokens{}, err
	}
	proof, fresh, err := uc.verify(ctx, try, account, login.Password)
	if err != nil {
		return domain.Tokens{}, uc.Journal.limited(ctx, err)
	}
	stranger := uc.Journal.stranger(ctx, login.Username)
	if reason := uc.refusal(account, proof); reason != "" {
		try.failed(ctx)
		event := domain.Event{Type: domain.LoginFailed, Subject: subjectOf(account.User.ID, stranger)}
		return domain.Tokens{}, uc.Journal.refuse(ctx, event, reason, domain.ErrInvalidCredentials)
	}
	try.succeeded(ctx)
	return uc.begin(ctx, account, fresh)
}

// account returns the account of username; nobody's is the zero Account.
func (uc *Authenticate) account(ctx context.Context, username string) (domain.Account, error) {
	email, err := domain.ParseEmail(username)
	if err != nil {
		email = domain.StoredEmail("nobody@invalid") // looked up all the same: as much work as for anybody
	}
	account, err := uc.Journal.Store.Credentials().AccountByEmail(ctx, email)
	if errors.Is(err, domain.ErrUserNotFound) {
		return domain.Account{}, nil
	}
	if err != nil {
		return domain.Account{}, fmt.Errorf("read the account: %w", err)
	}
	return account, nil
}

// verify does one hash's work in the client's turn, and a second one for a
// login that succeeds on a hash as we no longer make them: were it done for one
// that is refused all the same, its time would tell that the password is right.
func (uc *Authenticate) verify(ctx context.Context, try *try, account domain.Account, password domain.Password) (proof Verification, fresh domain.PasswordHash, err error) {
	queued := try.inTurn(ctx, uc.Queue, func() {
		proof, err = uc.Hasher.Verify(ctx, account.Password.Hash, password)
		if err == nil && proof.Stale && uc.refusal(account, proof) == "" {
			fresh, err = uc.Hasher.Hash(ctx, password)
		}
	})
	if queued != nil {
		return Verification{}, domain.PasswordHash{}, queued
	}
	if err != nil {
		return Verification{}, domain.PasswordHash{}, fmt.Errorf("verify the password: %w", err)
	}
	return proof, fresh, nil
}

// refusal says why a login is refused, or nothing.
func (uc *Authenticate) refusal(account domain.Account, proof Verification) string {
	switch {
	case account.User.ID == "":
		return "unknown_user"
	case !proof.Match:
		return "wrong_password"
	case !account.User.Active():
		return "user_inactive"
	case uc.VerifiedOnly && !account.User.EmailVerified():
		return "email_not_verified"
	}
	return ""
}

// begin stores the session, and the fresh hash if there is one. A login that
// lost a race is judged again on the account as it is now: if the password is
// still the one that was proved, nothing is lost; else the login is refused.
func (uc *Authenticate) begin(ctx context.Context, account domain.Account, fresh domain.PasswordHash) (domain.Tokens, error) {
	const attempts = 3
	for range attempts {
		now := uc.Journal.Clock.Now()
		session := uc.Grants.session(ctx, account.User, now)
		err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
			if err := tx.Sessions().Insert(ctx, session); err != nil {
				return err
			}
			if !fresh.IsZero() {
				if _, err := tx.Credentials().Rehash(ctx, account.Password.ID, account.Password.Hash, fresh, now); err != nil {
					return err
				}
			}
			note(domain.Event{Type: domain.LoginSucceeded, Subject: string(account.User.ID), Session: session.ID})
			return nil
		})
		if err == nil {
			return uc.Grants.mint(ctx, session, account.User, now)
		}
		if !errors.Is(err, domain.ErrUserChanged) {
			return domain.Tokens{}, fmt.Errorf("begin a session: %w", err)
		}
		current, err := uc.Journal.Store.Credentials().Account(ctx, account.User.ID)
		if err != nil && !errors.Is(err, domain.ErrUserNotFound) {
			return domain.Tokens{}, fmt.Errorf("read the account again: %w", err)
		}
		if uc.refusal(current, Verification{Match: true}) != "" || current.Password.ID != account.Password.ID {
			break
		}
		account.User = current.User
	}
	event := domain.Event{Type: domain.LoginFailed, Subject: string(account.User.ID)}
	return domain.Tokens{}, uc.Journal.refuse(ctx, event, "account_changed", domain.ErrInvalidCredentials)
}
