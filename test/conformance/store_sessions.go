package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func revoked(s *domain.Session) { s.RevokedAt = noon }

func expiring(at time.Time) func(*domain.Session) {
	return func(s *domain.Session) { s.IdleExpiresAt, s.ExpiresAt = at, at }
}

var sessionCases = []Case{
	{"a session comes back as it was written, with its user", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s, withRoles("a", "b"), func(u *domain.User) { u.Version = 3 })
		insertSession(t, s, insertUser(t, s))
		want := insertSession(t, s, user, func(s *domain.Session) {
			s.Generation, s.RotatedAt, s.RevokedAt = 1<<40, noon.Add(time.Microsecond), noon.Add(2*time.Microsecond)
			s.Client = domain.Client{Address: "2001:db8::1", UserAgent: `Mozilla/5.0 (🦊; "x") 語`}
		})
		session, owner, err := s.Sessions().Session(t.Context(), want.ID)
		same(t, "session", session, err, want)
		same(t, "its user", owner, err, user)
		bare := insertSession(t, s, user, func(s *domain.Session) { s.Client = domain.Client{} })
		session, _, err = s.Sessions().Session(t.Context(), bare.ID)
		same(t, "session without a client", session, err, bare)
		_, _, err = s.Sessions().Session(t.Context(), newID[domain.SessionID]())
		refuse(t, "Session of nothing", err, domain.ErrNotFound)
	}},
	{"a session begins only while its user is what the password was checked for", func(t testing.TB, s application.Storage) {
		moved := insertUser(t, s)
		stale := newSession(moved)
		updateUser(t, s, moved, func(u *domain.User) { u.Version++ })
		for name, session := range map[string]domain.Session{
			"version moved": stale,
			"version ahead": newSession(insertUser(t, s), func(s *domain.Session) { s.UserVersion++ }),
			"inactive":      newSession(insertUser(t, s, disabled)),
			"gone":          newSession(newUser()),
		} {
			refuse(t, name, s.Sessions().Insert(t.Context(), session), domain.ErrUserChanged)
			_, _, err := s.Sessions().Session(t.Context(), session.ID)
			refuse(t, name+": Session", err, domain.ErrNotFound)
		}
	}},
	{"a session is revoked once", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session, other := insertSession(t, s, user), insertSession(t, s, user)
		done, err := s.Sessions().Revoke(t.Context(), session.ID, noon.Add(time.Minute))
		same(t, "Revoke", done, err, true)
		done, err = s.Sessions().Revoke(t.Context(), session.ID, noon.Add(time.Hour))
		same(t, "Revoke again", done, err, false)
		done, err = s.Sessions().Revoke(t.Context(), newID[domain.SessionID](), noon)
		same(t, "Revoke of nothing", done, err, false)
		session.RevokedAt = noon.Add(time.Minute)
		got, _, err := s.Sessions().Session(t.Context(), session.ID)
		same(t, "the revoked session stays", got, err, session)
		got, _, err = s.Sessions().Session(t.Context(), other.ID)
		same(t, "the other session", got, err, other)
	}},
	{"a user's live sessions are listed, the newest first", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		insertSession(t, s, user, expiring(noon))
		a, b := insertSession(t, s, user), insertSession(t, s, user)
		insertSession(t, s, user, revoked)
		insertSession(t, s, user, func(s *domain.Session) { s.IdleExpiresAt = noon })
		insertSession(t, s, insertUser(t, s))
		c := insertSession(t, s, user, expiring(noon.Add(time.Microsecond)))
		list := func(now time.Time, after domain.SessionID, limit int) ([]domain.Session, error) {
			return s.Sessions().ListByUser(t.Context(), user.ID, now, application.Page[domain.SessionID]{After: after, Limit: limit})
		}
		got, err := list(noon, "", 9)
		same(t, "all", got, err, []domain.Session{c, b, a})
		got, err = list(noon, "", 2)
		same(t, "first page", got, err, []domain.Session{c, b})
		got, err = list(noon, b.ID, 2)
		same(t, "second page", got, err, []domain.Session{a})
		got, err = list(noon.Add(time.Microsecond), "", 9)
		same(t, "a microsecond later", got, err, []domain.Session{b, a})
		updateUser(t, s, user, func(u *domain.User) { u.Version++ })
		got, err = list(noon, "", 9)
		same(t, "after the version moved", got, err, nil)
		got, err = s.Sessions().ListByUser(t.Context(), newID[domain.UserID](), noon, page[domain.SessionID](9))
		same(t, "of nobody", got, err, nil)
	}},
	{"sweeping deletes by absolute expiry alone, and never more than asked", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		over := noon.Add(-time.Second)
		swept := []domain.Session{
			insertSession(t, s, user, expiring(over)), insertSession(t, s, user, expiring(over), revoked), insertSession(t, s, user, expiring(noon)),
		}
		kept := []domain.Session{
			insertSession(t, s, user, revoked),
			insertSession(t, s, user, expiring(noon.Add(time.Microsecond)), revoked),
			insertSession(t, s, user, func(s *domain.Session) { s.IdleExpiresAt = over }),
			insertSession(t, s, user),
		}
		for _, want := range []int{2, 1, 0} {
			n, err := s.Sessions().Sweep(t.Context(), noon, 2)
			count(t, "Sweep", n, err, want)
		}
		for _, session := range swept {
			_, _, err := s.Sessions().Session(t.Context(), session.ID)
			refuse(t, "a session that is over", err, domain.ErrNotFound)
		}
		for _, session := range kept {
			got, _, err := s.Sessions().Session(t.Context(), session.ID)
			same(t, "a session that is not over", got, err, session)
		}
	}},
}
