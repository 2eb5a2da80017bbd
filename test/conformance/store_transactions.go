package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var errRefused = errors.New("the use case says no")

// keptIn counts what a storage keeps, of each kind that can be listed.
func keptIn(t testing.TB, s application.Storage) map[string]int {
	t.Helper()
	kept := map[string]int{}
	note := func(what string, n int, err error) {
		t.Helper()
		require(t, "list "+what, err)
		kept[what] = n
	}
	users, err := s.Users().List(t.Context(), application.UserFilter{}, page[domain.UserID](99))
	note("users", len(users), err)
	roles, err := s.Roles().Roles(t.Context())
	note("roles", len(roles), err)
	keys, err := s.APIKeys().List(t.Context(), page[domain.APIKeyID](99))
	note("API keys", len(keys), err)
	signing, err := s.SigningKeys().SigningKeys(t.Context())
	note("signing keys", len(signing), err)
	due, err := s.Outbox().Due(t.Context(), noon.Add(time.Hour), 99)
	note("messages", len(due), err)
	events, err := s.Audit().List(t.Context(), application.AuditFilter{}, page[domain.EventID](99))
	note("events", len(events), err)
	secrets, err := s.Secrets().Secrets(t.Context())
	note("secrets", len(secrets), err)
	return kept
}

// household is one of everything, added through one Tx.
type household struct {
	user     domain.User
	password domain.Credential
	session  domain.Session
	token    domain.MailToken
}

func fill(ctx context.Context, t testing.TB, tx application.Tx) household {
	t.Helper()
	h := household{user: insertUser(t, tx)}
	h.password = putPassword(t, tx, h.user.ID, "hash")
	h.session = insertSession(t, tx, h.user)
	h.token = insertMailToken(t, tx, h.user, domain.MailVerifyEmail)
	putRole(t, tx, "editor", "reports:write")
	insertAPIKey(t, tx)
	putSigningKey(t, tx, "kid", noon)
	appendMessage(t, tx, noon)
	require(t, "Append", tx.Audit().Append(ctx, newEvent()))
	_, err := tx.Leases().Acquire(ctx, "sweep", "a", noon, noon.Add(time.Hour))
	require(t, "Acquire", err)
	_, err = tx.Secrets().Ensure(ctx, "limiter", []byte("x"))
	require(t, "Ensure", err)
	return h
}

// gone proves that nothing of a household is there.
func gone(t testing.TB, s application.Storage, h household, before map[string]int) {
	t.Helper()
	same(t, "what is kept", keptIn(t, s), nil, before)
	_, err := s.Credentials().Account(t.Context(), h.user.ID)
	refuse(t, "Account", err, domain.ErrUserNotFound)
	_, _, err = s.Sessions().Session(t.Context(), h.session.ID)
	refuse(t, "Session", err, domain.ErrNotFound)
	_, err = s.MailTokens().MailToken(t.Context(), h.token.ID)
	refuse(t, "MailToken", err, domain.ErrNotFound)
	got, err := s.Leases().Acquire(t.Context(), "sweep", "b", noon, noon.Add(time.Hour))
	same(t, "Acquire", got, err, true)
}

var transactionCases = []Case{
	{"a transaction that succeeds is kept, whole", func(t testing.TB, s application.Storage) {
		var h household
		err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			h = fill(ctx, t, tx)
			return nil
		})
		require(t, "Atomically", err)
		same(t, "what is kept", keptIn(t, s), nil, map[string]int{
			"users": 1, "roles": 4, "API keys": 1, "signing keys": 1, "messages": 1, "events": 1, "secrets": 1,
		})
		account, err := s.Credentials().Account(t.Context(), h.user.ID)
		same(t, "Account", account, err, domain.Account{User: h.user, Password: h.password})
		state(t, s, "SessionState", h.session, h.user)
		got, err := s.MailTokens().MailToken(t.Context(), h.token.ID)
		same(t, "MailToken", got, err, h.token)
		held, err := s.Leases().Acquire(t.Context(), "sweep", "b", noon, noon.Add(time.Hour))
		same(t, "Acquire of what is held", held, err, false)
	}},
	{"a transaction that fails leaves nothing, and its error comes back unchanged", func(t testing.TB, s application.Storage) {
		before := keptIn(t, s)
		var h household
		err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			h = fill(ctx, t, tx)
			return errRefused
		})
		if err != errRefused { //nolint:errorlint // unchanged is what is promised
			t.Errorf("Atomically: got error %v, want the very %v", err, errRefused)
		}
		gone(t, s, h, before)
	}},
	{"a transaction that panics leaves nothing, and the storage usable", func(t testing.TB, s application.Storage) {
		before := keptIn(t, s)
		var h household
		func() {
			defer func() {
				if got := recover(); got != any("defect") {
					t.Errorf("recover: got %v, want the function's own panic", got)
				}
			}()
			_ = s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				h = fill(ctx, t, tx)
				panic("defect")
			})
		}()
		gone(t, s, h, before)
	}},
	{"a rollback restores what was changed and deleted", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		want := domain.Account{User: user, Password: putPassword(t, s, user.ID, "old")}
		session := insertSession(t, s, user)
		role := putRole(t, s, "editor", "reports:write")
		key, message := insertAPIKey(t, s), appendMessage(t, s, noon)
		err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			updateUser(t, tx, user, disabled, withEmail("moved@example.com"))
			updateUser(t, tx, user, withRoles("other"))
			putPassword(t, tx, user.ID, "new")
			_, _, moved, err := tx.Sessions().Advance(ctx, stepOf(session))
			same(t, "Advance inside", moved, err, true)
			_, err = tx.Sessions().Revoke(ctx, session.ID, noon)
			require(t, "Revoke inside", err)
			putRole(t, tx, "editor", "everything:else")
			require(t, "Delete a role inside", tx.Roles().Delete(ctx, "editor"))
			_, err = tx.APIKeys().Revoke(ctx, key.ID, noon)
			require(t, "Revoke a key inside", err)
			require(t, "Delete a message inside", tx.Outbox().Delete(ctx, message.ID))
			require(t, "Delete a user inside", tx.Users().Delete(ctx, user.ID))
			return errRefused
		})
		refuse(t, "Atomically", err, errRefused)
		account, err := s.Credentials().AccountByEmail(t.Context(), user.Email)
		same(t, "AccountByEmail", account, err, want)
		got, _, err := s.Sessions().Session(t.Context(), session.ID)
		same(t, "Session", got, err, session)
		gotRole, err := s.Roles().Role(t.Context(), "editor")
		same(t, "Role", gotRole, err, role)
		gotKey, err := s.APIKeys().APIKey(t.Context(), key.ID)
		same(t, "APIKey", gotKey, err, key)
		due, err := s.Outbox().Due(t.Context(), noon, 9)
		same(t, "Due", due, err, []domain.Message{message})
	}},
	{"a transaction sees what it wrote, and before it ends nobody else does", func(t testing.TB, s application.Storage) {
		err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			user := insertUser(t, tx)
			got, err := tx.Users().UserByEmail(ctx, user.Email)
			same(t, "UserByEmail inside", got, err, user)
			// From outside: not there, or no answer before the transaction ends.
			outside, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := s.Users().User(outside, user.ID); err == nil {
				t.Error("User outside: got the uncommitted user, want none")
			}
			return nil
		})
		succeed(t, "Atomically", err)
	}},
	{"domain errors inside a transaction are the same as outside", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		for _, c := range []struct {
			name string
			want error
			do   func(context.Context, application.Tx) error
		}{
			{"email taken", domain.ErrEmailTaken, func(ctx context.Context, tx application.Tx) error {
				return tx.Users().Insert(ctx, newUser(withEmail(user.Email.String())))
			}},
			{"user not found", domain.ErrUserNotFound, func(ctx context.Context, tx application.Tx) error {
				return tx.Credentials().PutPassword(ctx, newPassword(newUser().ID, "x"))
			}},
			{"user changed", domain.ErrUserChanged, func(ctx context.Context, tx application.Tx) error {
				return tx.Sessions().Insert(ctx, newSession(newUser()))
			}},
		} {
			err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				require(t, "Append", tx.Audit().Append(ctx, newEvent()))
				return c.do(ctx, tx)
			})
			refuse(t, c.name, err, c.want)
		}
		events, err := s.Audit().List(t.Context(), application.AuditFilter{}, page[domain.EventID](9))
		count(t, "events of what failed", len(events), err, 0)
	}},
	{"a transaction may read what is not there and go on", func(t testing.TB, s application.Storage) {
		var user domain.User
		err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			_, err := tx.Users().User(ctx, newID[domain.UserID]())
			refuse(t, "User", err, domain.ErrUserNotFound)
			_, err = tx.Roles().Role(ctx, "nobodys")
			refuse(t, "Role", err, domain.ErrRoleNotFound)
			user = insertUser(t, tx)
			return nil
		})
		require(t, "Atomically", err)
		got, err := s.Users().User(t.Context(), user.ID)
		same(t, "User", got, err, user)
	}},
}
