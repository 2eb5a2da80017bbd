package application_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestALoginThatIsRefusedCostsOneHashWhateverIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, username, password, reason string
	}{
		{"unknown", "nobody@example.com", oldPassword, "unknown_user"},
		{"no address", "ada", oldPassword, "unknown_user"},
		{"wrong password", ada, newPassword, "wrong_password"},
		{"without a password", "bare@example.com", oldPassword, "wrong_password"},
		{"inactive", "gone@example.com", oldPassword, "user_inactive"},
		{"inactive and wrong", "gone@example.com", newPassword, "wrong_password"},
		{"not verified", "new@example.com", oldPassword, "email_not_verified"},
	} {
		for name, era := range map[string]string{"today's hash": "", "a stale hash": "later"} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				verified := application.NewUser{Email: domain.StoredEmail(ada), Password: password(oldPassword), Verified: true}
				_, err := w.users().Create(t.Context(), w.operator, verified)
				require(t, "create a verified user", err)
				_, err = w.users().Create(t.Context(), w.operator, application.NewUser{Email: domain.StoredEmail("bare@example.com")})
				require(t, "create a user without a password", err)
				require(t, "disable", disable(t.Context(), w, w.user(t, "gone@example.com").ID))
				w.user(t, "new@example.com")
				w.hasher.era = era
				w.hasher.work()

				login := w.authenticate()
				login.VerifiedOnly = true
				_, err = login.Do(t.Context(), application.Login{Username: test.username, Password: password(test.password)})
				wantError(t, "log in", err, domain.ErrInvalidCredentials)
				if verified, hashed := w.hasher.work(); verified != 1 || hashed != 0 {
					t.Errorf("work: got %d verified and %d hashed, want 1 and 0", verified, hashed)
				}
				if got := w.events.last(); got.Type != domain.LoginFailed || got.Reason != test.reason || got.Outcome != domain.Failure {
					t.Errorf("event: got %s for %q, want %s for %q", got.Type, got.Reason, domain.LoginFailed, test.reason)
				}
			})
		}
	}
}

func TestALoginOnAStaleHashReplacesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	w.hasher.era = "later"
	w.hasher.work()
	for i, want := range []int{1, 0} {
		w.login(t, ada)
		if verified, hashed := w.hasher.work(); verified != 1 || hashed != want {
			t.Errorf("work of login %d: got %d verified and %d hashed, want 1 and %d", i, verified, hashed, want)
		}
	}
}

// countedReads counts how often an account is looked up.
type countedReads struct {
	application.Storage
	reads *int
}

func (c countedReads) Credentials() application.CredentialStore {
	return countedCredentials{c.Storage.Credentials(), c.reads}
}

type countedCredentials struct {
	application.CredentialStore
	reads *int
}

func (c countedCredentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	*c.reads++
	return c.CredentialStore.AccountByEmail(ctx, email)
}

func TestAnOverloadedLoginIsRefusedBeforeTheAccountIsLookedUp(t *testing.T) {
	t.Parallel()
	reads := 0
	w := newWorld(t, func(s application.Storage) application.Storage { return countedReads{s, &reads} })
	w.user(t, ada)
	w.hasher.work()
	for name, test := range map[string]struct {
		queue *countingQueue
		reads int
	}{
		"at the door":     {&countingQueue{overloaded: true}, 0},
		"at the deadline": {&countingQueue{late: true}, 1},
	} {
		reads = 0
		login := w.authenticate()
		login.Queue = test.queue
		_, err := login.Do(t.Context(), application.Login{Username: ada, Password: password(oldPassword)})
		wantError(t, name, err, domain.ErrOverloaded)
		if reads != test.reads {
			t.Errorf("%s: got %d reads of the account, want %d", name, reads, test.reads)
		}
		if verified, hashed := w.hasher.work(); verified+hashed != 0 {
			t.Errorf("%s: got %d verified and %d hashed, want no work", name, verified, hashed)
		}
	}
}

func TestALoginFromNobodysAddressLooksUpAnAccountAllTheSame(t *testing.T) {
	t.Parallel()
	reads := 0
	w := newWorld(t, func(s application.Storage) application.Storage { return countedReads{s, &reads} })
	_, err := w.authenticate().Do(t.Context(), application.Login{Username: "no address", Password: password(oldPassword)})
	wantError(t, "log in", err, domain.ErrInvalidCredentials)
	if reads != 1 {
		t.Errorf("reads of an account: got %d, want 1", reads)
	}
}

func TestALoginKeepsWhereItCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user(t, ada)
	client := domain.Client{Address: "192.0.2.7", UserAgent: "browser/1"}
	ctx := application.WithOrigin(t.Context(), &application.Origin{Client: client, RequestID: "r1"})
	_, err := w.authenticate().Do(ctx, application.Login{Username: ada, Password: password(oldPassword)})
	require(t, "log in", err)
	sessions, err := w.store.Sessions().ListByUser(t.Context(), user.ID, w.clock.Now(), application.Page[domain.SessionID]{Limit: 9})
	require(t, "list the sessions", err)
	if len(sessions) != 1 || sessions[0].Client != client {
		t.Errorf("sessions: got %+v, want one of %+v", sessions, client)
	}
	if got := w.events.last(); got.Client != client || got.RequestID != "r1" || !got.At.Equal(noon) {
		t.Errorf("event: got %+v, want one of %+v in request r1 at %v", got, client, noon)
	}
}

func TestAnAccessTokenNeverOutlivesItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grants.Lifetimes = domain.Lifetimes{Access: time.Hour, Idle: 10 * time.Minute, Absolute: 15 * time.Minute}
	w.user(t, ada)
	tokens := w.login(t, ada)
	nextSecond := func(at time.Time) time.Time { return at.Truncate(time.Second).Add(time.Second) }
	if want := nextSecond(noon.Add(10 * time.Minute)); !tokens.AccessExpiresAt.Equal(want) {
		t.Errorf("access expiry: got %v, want that of the idle session, %v", tokens.AccessExpiresAt, want)
	}
	w.clock.wait(9 * time.Minute)
	tokens, err := w.refresh().Do(t.Context(), tokens.Refresh.Reveal())
	require(t, "refresh", err)
	end := noon.Add(15 * time.Minute)
	if !tokens.AccessExpiresAt.Equal(nextSecond(end)) || !tokens.RefreshExpiresAt.Equal(end) {
		t.Errorf("expiries: got %v and %v, want the absolute %v, and that as a token says it", tokens.RefreshExpiresAt, tokens.AccessExpiresAt, end)
	}
	w.clock.set(end)
	_, err = w.authorize().Bearer(t.Context(), tokens.Access.Reveal())
	wantError(t, "the access token at the session's very end", err, domain.ErrTokenRevoked)
}

// meanwhile lets something happen while a password is verified.
type meanwhile struct {
	application.PasswordHasher
	happen func()
}

func (m *meanwhile) Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	m.happen()
	return m.PasswordHasher.Verify(ctx, hash, password)
}

func TestALoginThatLostARaceIsJudgedByEveryRuleAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, err := w.users().Create(t.Context(), w.operator, application.NewUser{
		Email: domain.StoredEmail("ada@example.com"), Password: password(oldPassword), Verified: true,
	})
	require(t, "create the user", err)
	login := w.authenticate()
	login.VerifiedOnly = true
	login.Hasher = &meanwhile{w.hasher, func() {
		address := domain.StoredEmail("nobody-yet@example.com")
		_, err := w.users().Update(t.Context(), w.operator, user.ID, application.UserChanges{Email: &address}, application.Precondition{})
		require(t, "give the user an address that is not verified", err)
		require(t, "end all sessions", (&application.Sessions{Journal: w.journal}).RevokeAll(t.Context(), w.operator, user.ID))
	}}
	_, err = login.Do(t.Context(), application.Login{Username: "ada@example.com", Password: password(oldPassword)})
	wantError(t, "a login while the address became another", err, domain.ErrInvalidCredentials)
}
