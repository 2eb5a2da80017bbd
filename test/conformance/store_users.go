package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var userCases = []Case{
	{"a user is found by id and by address as it was written", func(t testing.TB, s application.Storage) {
		insertUser(t, s)
		want := insertUser(t, s, withRoles("auditor", domain.RoleAdmin), func(u *domain.User) {
			u.EmailVerifiedAt = noon.Add(-time.Microsecond)
			u.Version = 1 << 40
		})
		got, err := s.Users().User(t.Context(), want.ID)
		same(t, "User", got, err, want)
		got, err = s.Users().UserByEmail(t.Context(), want.Email)
		same(t, "UserByEmail", got, err, want)
	}},
	{"a user that is not there is not found", func(t testing.TB, s application.Storage) {
		insertUser(t, s)
		stranger := newUser()
		_, err := s.Users().User(t.Context(), stranger.ID)
		refuse(t, "User", err, domain.ErrUserNotFound)
		_, err = s.Users().UserByEmail(t.Context(), stranger.Email)
		refuse(t, "UserByEmail", err, domain.ErrUserNotFound)
		refuse(t, "Update", s.Users().Update(t.Context(), stranger), domain.ErrUserNotFound)
		refuse(t, "Delete", s.Users().Delete(t.Context(), stranger.ID), domain.ErrUserNotFound)
		list, err := s.Users().List(t.Context(), application.UserFilter{}, page[domain.UserID](9))
		count(t, "users after refusals", len(list), err, 1)
	}},
	{"an address belongs to one user", func(t testing.TB, s application.Storage) {
		first, second := insertUser(t, s), insertUser(t, s)
		refuse(t, "Insert", s.Users().Insert(t.Context(), newUser(withEmail(first.Email.String()))), domain.ErrEmailTaken)
		thief := second
		thief.Email, thief.Name = first.Email, "thief"
		refuse(t, "Update", s.Users().Update(t.Context(), thief), domain.ErrEmailTaken)
		got, err := s.Users().User(t.Context(), second.ID)
		same(t, "User after the refused update", got, err, second)
	}},
	{"an update writes everything but id and creation", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s), insertUser(t, s)
		user.Email = domain.StoredEmail("new@example.com")
		user.Name, user.Status, user.Roles, user.Version = "Grace", domain.StatusDisabled, []domain.RoleName{"a", "b"}, 7
		user.EmailVerifiedAt, user.UpdatedAt = noon.Add(time.Minute), noon.Add(time.Hour)
		edited := user
		edited.CreatedAt = noon.Add(-time.Hour)
		require(t, "Update", s.Users().Update(t.Context(), edited))
		got, err := s.Users().User(t.Context(), user.ID)
		same(t, "User", got, err, user)

		user = updateUser(t, s, user, withRoles(), func(u *domain.User) { u.EmailVerifiedAt = time.Time{} })
		got, err = s.Users().User(t.Context(), user.ID)
		same(t, "User without roles and verification", got, err, user)
		got, err = s.Users().User(t.Context(), other.ID)
		same(t, "the other user", got, err, other)
	}},
	{"deleting a user takes everything of it along and frees the address", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s), insertUser(t, s)
		putPassword(t, s, user.ID, "hash")
		kept := putPassword(t, s, other.ID, "kept")
		session, hers := insertSession(t, s, user), insertSession(t, s, other)
		token := insertMailToken(t, s, user, domain.MailResetPassword)
		event := newEvent(func(e *domain.Event) { e.Subject = string(user.ID) })
		require(t, "Append", s.Audit().Append(t.Context(), event))

		require(t, "Delete", s.Users().Delete(t.Context(), user.ID))
		_, err := s.Users().User(t.Context(), user.ID)
		refuse(t, "User", err, domain.ErrUserNotFound)
		_, err = s.Credentials().Account(t.Context(), user.ID)
		refuse(t, "Account", err, domain.ErrUserNotFound)
		_, _, err = s.Sessions().Session(t.Context(), session.ID)
		refuse(t, "Session", err, domain.ErrNotFound)
		_, err = s.MailTokens().MailToken(t.Context(), token.ID)
		refuse(t, "MailToken", err, domain.ErrNotFound)
		events, err := s.Audit().List(t.Context(), application.AuditFilter{}, page[domain.EventID](9))
		same(t, "the record", events, err, []domain.Event{event})

		heir := insertUser(t, s, withEmail(user.Email.String()))
		account, err := s.Credentials().AccountByEmail(t.Context(), user.Email)
		same(t, "the address's next account", account, err, domain.Account{User: heir})
		account, err = s.Credentials().Account(t.Context(), other.ID)
		same(t, "the other account", account, err, domain.Account{User: other, Password: kept})
		_, _, err = s.Sessions().Session(t.Context(), hers.ID)
		succeed(t, "the other session", err)
	}},
	{"names come back letter by letter", func(t testing.TB, s application.Storage) {
		for _, name := range []string{
			"", "Zoë", "Zoe\u0308", "名前 太郎", "🦊👩‍🚀", `Robert'); DROP TABLE users;--`, `back\slash "quoted" %_ ?1 $1 :x`,
			" inner  spaces ", strings.Repeat("語", domain.MaxNameLength),
		} {
			want := insertUser(t, s, func(u *domain.User) { u.Name = name })
			got, err := s.Users().User(t.Context(), want.ID)
			same(t, "User", got, err, want)
		}
	}},
	{"times come back to the microsecond, and zero as zero", func(t testing.TB, s application.Storage) {
		for _, at := range []time.Time{
			{}, time.Unix(0, 1000).UTC(), noon, noon.Add(876_542 * time.Microsecond),
			time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
			time.Date(2500, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		} {
			want := insertUser(t, s, func(u *domain.User) { u.EmailVerifiedAt = at })
			got, err := s.Users().User(t.Context(), want.ID)
			same(t, "User", got, err, want)
			if got.EmailVerified() != !at.IsZero() {
				t.Errorf("EmailVerified with %v: got %t", at, got.EmailVerified())
			}
		}
	}},
	{"what is stored is not shared with the caller", func(t testing.TB, s application.Storage) {
		want := insertUser(t, s, withRoles("a", "b"))
		written := newUser(withRoles("a", "b"))
		require(t, "Insert", s.Users().Insert(t.Context(), written))
		written.Roles[0] = domain.RoleAdmin
		got, err := s.Users().User(t.Context(), written.ID)
		require(t, "User", err)
		same(t, "roles after the caller changed its own", got.Roles, nil, want.Roles)
		got.Roles[0] = domain.RoleAdmin
		got, err = s.Users().User(t.Context(), written.ID)
		same(t, "roles after a reader changed its own", got.Roles, err, want.Roles)
	}},
}
