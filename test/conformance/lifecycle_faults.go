package conformance

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// fault is how the next write goes wrong.
type fault int

const (
	noFault       fault = iota
	advanceBefore       // the statement that moves a session is never sent
	advanceAfter        // it is done, and its answer lost
	commitBefore        // a transaction is rolled back instead of committed
	commitAfter         // it is committed, and the answer lost
)

// stored reports whether what was tried has been stored all the same.
func (f fault) stored() bool { return f == advanceAfter || f == commitAfter }

var errLine = domain.ErrUnavailable.Because(errors.New("the line is cut"))

// frail is a storage on a line that can be cut. It is for one caller at a time
// while it is armed.
type frail struct {
	application.Storage
	armed fault
	fired fault // the one that happened
	down  bool  // nothing answers
}

func (f *frail) arm(next fault) { f.armed, f.fired = next, noFault }

// settle returns the fault that happened since arm, and takes back one that did not.
func (f *frail) settle() fault {
	f.armed = noFault
	return f.fired
}

func (f *frail) fires(which fault) bool {
	if f.armed != which {
		return false
	}
	f.armed, f.fired = noFault, which
	return true
}

func (f *frail) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	if f.down {
		return errLine
	}
	err := f.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if f.fires(commitBefore) {
			return errLine
		}
		return nil
	})
	if err == nil && f.fires(commitAfter) {
		return errLine
	}
	return err
}

func (f *frail) Users() application.UserStore { return frailUsers{f.Storage.Users(), f} }
func (f *frail) Credentials() application.CredentialStore {
	return frailCredentials{f.Storage.Credentials(), f}
}
func (f *frail) Sessions() application.SessionStore { return frailSessions{f.Storage.Sessions(), f} }
func (f *frail) MailTokens() application.MailTokenStore {
	return frailMailTokens{f.Storage.MailTokens(), f}
}

func (f *frail) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	if f.down {
		return nil, errLine
	}
	return f.Storage.SessionState(ctx, id)
}

func (f *frail) APIKeyState(ctx context.Context, id domain.APIKeyID) (*domain.APIKey, error) {
	if f.down {
		return nil, errLine
	}
	return f.Storage.APIKeyState(ctx, id)
}

type frailSessions struct {
	application.SessionStore
	f *frail
}

func (s frailSessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	if s.f.down || s.f.fires(advanceBefore) {
		return domain.Session{}, domain.User{}, false, errLine
	}
	session, user, moved, err := s.SessionStore.Advance(ctx, step)
	if err == nil && moved && s.f.fires(advanceAfter) {
		return domain.Session{}, domain.User{}, false, errLine
	}
	return session, user, moved, err
}

type frailUsers struct {
	application.UserStore
	f *frail
}

func (s frailUsers) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	if s.f.down {
		return domain.User{}, errLine
	}
	return s.UserStore.User(ctx, id)
}

type frailCredentials struct {
	application.CredentialStore
	f *frail
}

func (s frailCredentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	if s.f.down {
		return domain.Account{}, errLine
	}
	return s.CredentialStore.AccountByEmail(ctx, email)
}

func (s frailCredentials) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	if s.f.down {
		return domain.Account{}, errLine
	}
	return s.CredentialStore.Account(ctx, id)
}

type frailMailTokens struct {
	application.MailTokenStore
	f *frail
}

func (s frailMailTokens) MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error) {
	if s.f.down {
		return domain.MailToken{}, errLine
	}
	return s.MailTokenStore.MailToken(ctx, id)
}
