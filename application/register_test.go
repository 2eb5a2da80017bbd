package application_test

import (
	"context"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// countedStore counts what one may see from outside how long it takes:
// transactions, and the operations within.
type countedStore struct {
	application.Storage
	transactions, operations int
}

func (c *countedStore) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	c.transactions++
	return c.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
		return fn(ctx, countedTx{tx, c})
	})
}

// countedTx counts each port that is asked for: the use cases ask for one
// before each operation.
type countedTx struct {
	application.Tx
	c *countedStore
}

func (x countedTx) Users() application.UserStore { x.c.operations++; return x.Tx.Users() }
func (x countedTx) Credentials() application.CredentialStore {
	x.c.operations++
	return x.Tx.Credentials()
}
func (x countedTx) Sessions() application.SessionStore { x.c.operations++; return x.Tx.Sessions() }
func (x countedTx) MailTokens() application.MailTokenStore {
	x.c.operations++
	return x.Tx.MailTokens()
}
func (x countedTx) Outbox() application.OutboxStore { x.c.operations++; return x.Tx.Outbox() }
func (x countedTx) Audit() application.AuditStore   { x.c.operations++; return x.Tx.Audit() }

func TestARegistrationDoesTheSameWorkWhetherTheAddressIsFreeOrTaken(t *testing.T) {
	t.Parallel()
	for name, mails := range map[string]bool{"with mail": true, "without mail": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &countedStore{}
			w := newWorld(t, func(s application.Storage) application.Storage {
				store.Storage = s
				return store
			})
			register := w.register()
			if mails {
				register.Outbox = application.NewOutbox(openSealer{}, w.clock, randomIDs{})
			}
			var work [2][4]int
			for i, want := range []domain.EventType{domain.UserRegistered, domain.RegistrationRepeated} {
				store.transactions, store.operations = 0, 0
				w.hasher.work()
				err := register.Do(t.Context(), application.Registration{Email: domain.StoredEmail(ada), Password: password(oldPassword)})
				wantError(t, "register", err, nil)
				if got := w.events.last(); got.Type != want {
					t.Errorf("event: got %s, want %s", got.Type, want)
				}
				verified, hashed := w.hasher.work()
				work[i] = [4]int{store.transactions, store.operations, verified, hashed}
			}
			if work[0] != work[1] {
				t.Errorf("transactions, operations, verified, hashed: got %v for a free and %v for a taken address, want the same", work[0], work[1])
			}
		})
	}
}

func TestARepeatedRegistrationChangesNothingOfTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	err := w.register().Do(t.Context(), application.Registration{Email: domain.StoredEmail(ada), Password: password(newPassword), Name: "Mallory"})
	wantError(t, "register", err, nil)
	if user := w.principal(t, w.login(t, ada)).User; user.Name != "" {
		t.Errorf("name: got %q, want it untouched", user.Name)
	}
	_, err = w.authenticate().Do(t.Context(), application.Login{Username: ada, Password: password(newPassword)})
	wantError(t, "log in with the stranger's password", err, domain.ErrInvalidCredentials)
}

func TestARegistrationIsRefusedBeforeAnyWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed, overloaded := w.register(), w.register()
	closed.Open = false
	overloaded.Queue = &countingQueue{overloaded: true}
	r := application.Registration{Email: domain.StoredEmail(ada), Password: password(oldPassword)}
	wantError(t, "closed", closed.Do(t.Context(), r), application.ErrRegistrationClosed)
	wantError(t, "overloaded", overloaded.Do(t.Context(), r), domain.ErrOverloaded)
	r.Password = password("short")
	wantField(t, "a short password", w.register().Do(t.Context(), r), "password")
	if verified, hashed := w.hasher.work(); verified+hashed != 0 {
		t.Errorf("work: got %d verified and %d hashed, want none", verified, hashed)
	}
	_, err := w.store.Users().UserByEmail(t.Context(), r.Email)
	wantError(t, "the account", err, domain.ErrUserNotFound)
}

func TestAMailedTokenThatIsWorthNothingBeginsNoTransaction(t *testing.T) {
	t.Parallel()
	store := &countedStore{}
	w := newWorld(t, func(s application.Storage) application.Storage {
		store.Storage = s
		return store
	})
	verify := application.VerifyEmail{Journal: w.journal}
	store.transactions = 0
	unknown := domain.FormatMailToken(domain.MailTokenID(randomIDs{}.NewID()), domain.RandomSecret()).Reveal()
	for _, token := range []string{"x", unknown} {
		wantError(t, "verify "+token, verify.Do(t.Context(), token), domain.ErrInvalidMailToken)
	}
	if store.transactions != 0 {
		t.Errorf("got %d transactions, want none: anybody may send such tokens", store.transactions)
	}
}
