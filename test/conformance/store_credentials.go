package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var credentialCases = []Case{
	{"an account is a user with the password", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s, withRoles("b", "a")), insertUser(t, s)
		putPassword(t, s, other.ID, "another's")
		want := domain.Account{User: user}
		got, err := s.Credentials().Account(t.Context(), user.ID)
		same(t, "Account without a password", got, err, want)
		got, err = s.Credentials().AccountByEmail(t.Context(), user.Email)
		same(t, "AccountByEmail without a password", got, err, want)

		want.Password = putPassword(t, s, user.ID, "$2b$10$hash")
		got, err = s.Credentials().Account(t.Context(), user.ID)
		same(t, "Account", got, err, want)
		got, err = s.Credentials().AccountByEmail(t.Context(), user.Email)
		same(t, "AccountByEmail", got, err, want)
	}},
	{"nobody has no account", func(t testing.TB, s application.Storage) {
		stranger := newUser()
		_, err := s.Credentials().Account(t.Context(), stranger.ID)
		refuse(t, "Account", err, domain.ErrUserNotFound)
		_, err = s.Credentials().AccountByEmail(t.Context(), stranger.Email)
		refuse(t, "AccountByEmail", err, domain.ErrUserNotFound)
		refuse(t, "PutPassword", s.Credentials().PutPassword(t.Context(), newPassword(stranger.ID, "hash")), domain.ErrUserNotFound)
	}},
	{"a new password takes the place of the old", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		old := putPassword(t, s, user.ID, "old")
		fresh := putPassword(t, s, user.ID, "fresh")
		got, err := s.Credentials().Account(t.Context(), user.ID)
		same(t, "Account", got, err, domain.Account{User: user, Password: fresh})
		done, err := s.Credentials().Rehash(t.Context(), old.ID, old.Hash, domain.NewPasswordHash("x"), noon)
		same(t, "Rehash of the old", done, err, false)
	}},
	{"a rehash replaces only the hash that was verified", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s), insertUser(t, s)
		password, kept := putPassword(t, s, user.ID, "weak"), putPassword(t, s, other.ID, "weak")
		later, strong := noon.Add(time.Hour), domain.NewPasswordHash("strong")
		rehash := func(id domain.CredentialID, old string) (bool, error) {
			return s.Credentials().Rehash(t.Context(), id, domain.NewPasswordHash(old), strong, later)
		}
		done, err := rehash(password.ID, "stale")
		same(t, "Rehash with another hash", done, err, false)
		done, err = rehash(newID[domain.CredentialID](), "weak")
		same(t, "Rehash of nothing", done, err, false)
		got, err := s.Credentials().Account(t.Context(), user.ID)
		same(t, "Account after refusals", got, err, domain.Account{User: user, Password: password})

		done, err = rehash(password.ID, "weak")
		same(t, "Rehash", done, err, true)
		password.Hash, password.UpdatedAt = strong, later
		got, err = s.Credentials().Account(t.Context(), user.ID)
		same(t, "Account", got, err, domain.Account{User: user, Password: password})
		got, err = s.Credentials().Account(t.Context(), other.ID)
		same(t, "the other account", got, err, domain.Account{User: other, Password: kept})
		done, err = rehash(password.ID, "weak")
		same(t, "Rehash again", done, err, false)
	}},
	{"of several rehashes at once one counts", func(t testing.TB, s application.Storage) {
		password := putPassword(t, s, insertUser(t, s).ID, "weak")
		var outcomes tally
		together(8, func(i int) {
			outcomes.add(s.Credentials().Rehash(t.Context(), password.ID, password.Hash, domain.NewPasswordHash(string(rune('a'+i))), noon))
		})
		outcomes.want(t, "Rehash", map[string]int{"true": 1, "false": 7})
	}},
}
