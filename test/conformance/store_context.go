package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// calls is every method of every port, by name, on things that are there.
func calls(h household, key domain.APIKey, message domain.Message) map[string]func(context.Context, application.Tx) error {
	type call = func(context.Context, application.Tx) error
	return map[string]call{
		"Users.Insert": func(ctx context.Context, s application.Tx) error { return s.Users().Insert(ctx, newUser()) },
		"Users.User": func(ctx context.Context, s application.Tx) error {
			_, err := s.Users().User(ctx, h.user.ID)
			return err
		},
		"Users.UserByEmail": func(ctx context.Context, s application.Tx) error {
			_, err := s.Users().UserByEmail(ctx, h.user.Email)
			return err
		},
		"Users.Update": func(ctx context.Context, s application.Tx) error {
			user := h.user
			user.Name = "changed"
			return s.Users().Update(ctx, user)
		},
		"Users.Delete": func(ctx context.Context, s application.Tx) error { return s.Users().Delete(ctx, h.user.ID) },
		"Users.List": func(ctx context.Context, s application.Tx) error {
			_, err := s.Users().List(ctx, application.UserFilter{}, page[domain.UserID](9))
			return err
		},
		"Users.AnotherActiveAdmin": func(ctx context.Context, s application.Tx) error {
			_, err := s.Users().AnotherActiveAdmin(ctx, h.user.ID)
			return err
		},
		"Users.RemoveRole": func(ctx context.Context, s application.Tx) error {
			return s.Users().RemoveRole(ctx, domain.RoleUser, noon)
		},
		"Bulk.Import": func(ctx context.Context, s application.Tx) error {
			_, err := application.Bulk(s).Import(ctx, []domain.Account{newAccount()})
			return err
		},
		"Bulk.Taken": func(ctx context.Context, s application.Tx) error {
			_, err := application.Bulk(s).Taken(ctx, []domain.Email{h.user.Email})
			return err
		},
		"Bulk.Accounts": func(ctx context.Context, s application.Tx) error {
			_, err := application.Bulk(s).Accounts(ctx, page[domain.UserID](9))
			return err
		},
		"Credentials.AccountByEmail": func(ctx context.Context, s application.Tx) error {
			_, err := s.Credentials().AccountByEmail(ctx, h.user.Email)
			return err
		},
		"Credentials.Account": func(ctx context.Context, s application.Tx) error {
			_, err := s.Credentials().Account(ctx, h.user.ID)
			return err
		},
		"Credentials.PutPassword": func(ctx context.Context, s application.Tx) error {
			return s.Credentials().PutPassword(ctx, newPassword(h.user.ID, "changed"))
		},
		"Credentials.Rehash": func(ctx context.Context, s application.Tx) error {
			_, err := s.Credentials().Rehash(ctx, h.password.ID, h.password.Hash, domain.NewPasswordHash("changed"), noon)
			return err
		},
		"Sessions.Insert": func(ctx context.Context, s application.Tx) error { return s.Sessions().Insert(ctx, newSession(h.user)) },
		"Sessions.Session": func(ctx context.Context, s application.Tx) error {
			_, _, err := s.Sessions().Session(ctx, h.session.ID)
			return err
		},
		"Sessions.Advance": func(ctx context.Context, s application.Tx) error {
			_, _, _, err := s.Sessions().Advance(ctx, stepOf(h.session))
			return err
		},
		"Sessions.Revoke": func(ctx context.Context, s application.Tx) error {
			_, err := s.Sessions().Revoke(ctx, h.session.ID, noon)
			return err
		},
		"Sessions.ListByUser": func(ctx context.Context, s application.Tx) error {
			_, err := s.Sessions().ListByUser(ctx, h.user.ID, noon, page[domain.SessionID](9))
			return err
		},
		"Sessions.Sweep": func(ctx context.Context, s application.Tx) error {
			_, err := s.Sessions().Sweep(ctx, noon.AddDate(1, 0, 0), 9)
			return err
		},
		"Roles.Roles": func(ctx context.Context, s application.Tx) error { _, err := s.Roles().Roles(ctx); return err },
		"Roles.Role":  func(ctx context.Context, s application.Tx) error { _, err := s.Roles().Role(ctx, "editor"); return err },
		"Roles.Put": func(ctx context.Context, s application.Tx) error {
			return s.Roles().Put(ctx, domain.Role{Name: "new", CreatedAt: noon, UpdatedAt: noon})
		},
		"Roles.Delete": func(ctx context.Context, s application.Tx) error { return s.Roles().Delete(ctx, "editor") },
		"Roles.Permissions": func(ctx context.Context, s application.Tx) error {
			_, err := s.Roles().Permissions(ctx, h.user.Roles)
			return err
		},
		"APIKeys.Insert": func(ctx context.Context, s application.Tx) error {
			return s.APIKeys().Insert(ctx, domain.APIKey{ID: newID[domain.APIKeyID](), CreatedAt: noon})
		},
		"APIKeys.APIKey": func(ctx context.Context, s application.Tx) error {
			_, err := s.APIKeys().APIKey(ctx, key.ID)
			return err
		},
		"APIKeys.List": func(ctx context.Context, s application.Tx) error {
			_, err := s.APIKeys().List(ctx, page[domain.APIKeyID](9))
			return err
		},
		"APIKeys.Revoke": func(ctx context.Context, s application.Tx) error {
			_, err := s.APIKeys().Revoke(ctx, key.ID, noon)
			return err
		},
		"APIKeys.Touch": func(ctx context.Context, s application.Tx) error {
			return s.APIKeys().Touch(ctx, map[domain.APIKeyID]time.Time{key.ID: noon})
		},
		"SigningKeys.SigningKeys": func(ctx context.Context, s application.Tx) error {
			_, err := s.SigningKeys().SigningKeys(ctx)
			return err
		},
		"SigningKeys.Put": func(ctx context.Context, s application.Tx) error {
			return s.SigningKeys().Put(ctx, domain.SigningKey{ID: "new", Algorithm: domain.ES256, State: domain.KeySigning, Sealed: everyByte, CreatedAt: noon, StateAt: noon})
		},
		"SigningKeys.Delete": func(ctx context.Context, s application.Tx) error { return s.SigningKeys().Delete(ctx, "kid") },
		"MailTokens.Insert": func(ctx context.Context, s application.Tx) error {
			return s.MailTokens().Insert(ctx, newMailToken(h.user, domain.MailVerifyEmail))
		},
		"MailTokens.MailToken": func(ctx context.Context, s application.Tx) error {
			_, err := s.MailTokens().MailToken(ctx, h.token.ID)
			return err
		},
		"MailTokens.Delete": func(ctx context.Context, s application.Tx) error {
			_, err := s.MailTokens().Delete(ctx, h.token.ID)
			return err
		},
		"MailTokens.DeleteOf": func(ctx context.Context, s application.Tx) error {
			return s.MailTokens().DeleteOf(ctx, h.user.ID, "")
		},
		"MailTokens.Sweep": func(ctx context.Context, s application.Tx) error {
			_, err := s.MailTokens().Sweep(ctx, noon.AddDate(1, 0, 0), 9)
			return err
		},
		"Outbox.Append": func(ctx context.Context, s application.Tx) error {
			return s.Outbox().Append(ctx, domain.Message{ID: newID[domain.MessageID](), Sealed: everyByte, CreatedAt: noon, NextAttemptAt: noon})
		},
		"Outbox.Due": func(ctx context.Context, s application.Tx) error { _, err := s.Outbox().Due(ctx, noon, 9); return err },
		"Outbox.Reschedule": func(ctx context.Context, s application.Tx) error {
			return s.Outbox().Reschedule(ctx, message.ID, 1, noon.AddDate(1, 0, 0))
		},
		"Outbox.Delete": func(ctx context.Context, s application.Tx) error { return s.Outbox().Delete(ctx, message.ID) },
		"Audit.Append":  func(ctx context.Context, s application.Tx) error { return s.Audit().Append(ctx, newEvent()) },
		"Audit.List": func(ctx context.Context, s application.Tx) error {
			_, err := s.Audit().List(ctx, application.AuditFilter{}, page[domain.EventID](9))
			return err
		},
		"Audit.Sweep": func(ctx context.Context, s application.Tx) error {
			_, err := s.Audit().Sweep(ctx, noon.AddDate(1, 0, 0), 9)
			return err
		},
		"Leases.Acquire": func(ctx context.Context, s application.Tx) error {
			_, err := s.Leases().Acquire(ctx, "free", "a", noon, noon.Add(time.Hour))
			return err
		},
		"Leases.Release": func(ctx context.Context, s application.Tx) error { return s.Leases().Release(ctx, "sweep", "a") },
		"Secrets.Ensure": func(ctx context.Context, s application.Tx) error {
			_, err := s.Secrets().Ensure(ctx, "new", []byte("x"))
			return err
		},
		"Secrets.Secrets": func(ctx context.Context, s application.Tx) error { _, err := s.Secrets().Secrets(ctx); return err },
		"Secrets.Replace": func(ctx context.Context, s application.Tx) error {
			return s.Secrets().Replace(ctx, "limiter", []byte("changed"))
		},
	}
}

var contextCases = []Case{
	{"no method does anything once its context has ended", func(t testing.TB, s application.Storage) {
		h := fill(t.Context(), t, s)
		keys, err := s.APIKeys().List(t.Context(), page[domain.APIKeyID](1))
		require(t, "List", err)
		due, err := s.Outbox().Due(t.Context(), noon, 1)
		require(t, "Due", err)
		before := keptIn(t, s)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range calls(h, keys[0], due[0]) {
			refuse(t, name, call(ended, s), context.Canceled)
		}
		_, err = s.SessionState(ended, h.session.ID)
		refuse(t, "SessionState", err, context.Canceled)
		_, err = s.APIKeyState(ended, keys[0].ID)
		refuse(t, "APIKeyState", err, context.Canceled)
		err = s.Atomically(ended, func(context.Context, application.Tx) error {
			t.Error("Atomically: the function ran")
			return nil
		})
		refuse(t, "Atomically", err, context.Canceled)

		same(t, "what is kept", keptIn(t, s), nil, before)
		account, err := s.Credentials().Account(t.Context(), h.user.ID)
		same(t, "Account", account, err, domain.Account{User: h.user, Password: h.password})
		session, _, err := s.Sessions().Session(t.Context(), h.session.ID)
		same(t, "Session", session, err, h.session)
		token, err := s.MailTokens().MailToken(t.Context(), h.token.ID)
		same(t, "MailToken", token, err, h.token)
		key, err := s.APIKeyState(t.Context(), keys[0].ID)
		same(t, "APIKeyState", key, err, &keys[0])
		secrets, err := s.Secrets().Secrets(t.Context())
		same(t, "Secrets", secrets, err, map[string][]byte{"limiter": []byte("x")})
		held, err := s.Leases().Acquire(t.Context(), "sweep", "b", noon, noon.Add(time.Hour))
		same(t, "Acquire of what is held", held, err, false)
	}},
	{"every method does within a transaction what it does without", func(t testing.TB, s application.Storage) {
		h := fill(t.Context(), t, s)
		keys, err := s.APIKeys().List(t.Context(), page[domain.APIKeyID](1))
		require(t, "List", err)
		due, err := s.Outbox().Due(t.Context(), noon, 1)
		require(t, "Due", err)
		for name, call := range calls(h, keys[0], due[0]) {
			err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
				succeed(t, name, call(ctx, tx))
				return errRefused
			})
			refuse(t, name+" rolled back", err, errRefused)
		}
		account, err := s.Credentials().Account(t.Context(), h.user.ID)
		same(t, "Account after all was rolled back", account, err, domain.Account{User: h.user, Password: h.password})
	}},
	{"a transaction whose context ends on the way leaves nothing", func(t testing.TB, s application.Storage) {
		before := keptIn(t, s)
		ending, cancel := context.WithCancel(t.Context())
		var h household
		err := s.Atomically(ending, func(ctx context.Context, tx application.Tx) error {
			h = fill(ctx, t, tx)
			cancel()
			return nil
		})
		refuse(t, "Atomically", err, context.Canceled)
		gone(t, s, h, before)
	}},
}
