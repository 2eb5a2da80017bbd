package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// stepOf is the refresh of a session ten minutes after noon.
func stepOf(s domain.Session) application.Advance {
	now := noon.Add(10 * time.Minute)
	return application.Advance{Session: s.ID, User: s.UserID, From: s.Generation, Now: now, IdleExpiresAt: lives.IdleExpiry(now)}
}

// advance proves one Advance: what it says and what is stored afterwards.
func advance(t testing.TB, s application.Storage, what string, step application.Advance, move bool, want domain.Session, owner domain.User) {
	t.Helper()
	session, user, moved, err := s.Sessions().Advance(t.Context(), step)
	same(t, what+": moved", moved, err, move)
	same(t, what+": session", session, err, want)
	same(t, what+": user", user, err, owner)
	stored, _, err := s.Sessions().Session(t.Context(), want.ID)
	same(t, what+": stored session", stored, err, want)
}

var advanceCases = []Case{
	{"Advance moves a session one generation and returns it with its user as they are now", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session, other := insertSession(t, s, user), insertSession(t, s, user)
		user = updateUser(t, s, user, withRoles("a", "b"), func(u *domain.User) { u.Name = "Grace" })
		step := stepOf(session)
		session.Generation, session.RotatedAt, session.IdleExpiresAt = 1, step.Now, step.IdleExpiresAt
		advance(t, s, "Advance", step, true, session, user)
		advance(t, s, "the same step again", step, false, session, user)
		step.From, step.Now = 1, step.Now.Add(time.Microsecond)
		session.Generation, session.RotatedAt = 2, step.Now
		advance(t, s, "the next step", step, true, session, user)
		got, _, err := s.Sessions().Session(t.Context(), other.ID)
		same(t, "the other session", got, err, other)
	}},
	{"Advance never moves the idle expiry past the absolute one", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user)
		step := stepOf(session)
		step.Now = session.IdleExpiresAt.Add(-time.Microsecond)
		step.IdleExpiresAt = session.ExpiresAt.Add(time.Second)
		session.Generation, session.RotatedAt, session.IdleExpiresAt = 1, step.Now, session.ExpiresAt
		advance(t, s, "Advance", step, true, session, user)
	}},
	{"Advance with Keep moves the expiry and not the generation", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user, func(s *domain.Session) { s.Generation = 4 })
		step := stepOf(session)
		step.Keep = true
		session.RotatedAt, session.IdleExpiresAt = step.Now, step.IdleExpiresAt
		advance(t, s, "Advance", step, true, session, user)
		advance(t, s, "Advance again", step, true, session, user)
		step.From = 3
		step.Now = step.Now.Add(time.Minute)
		advance(t, s, "Advance from another generation", step, false, session, user)
	}},
	{"Advance refuses what is not live, current and its owner's, and changes nothing", func(t testing.TB, s application.Storage) {
		for _, c := range []struct {
			name    string
			session func(*domain.Session)
			step    func(*application.Advance)
			user    func(*domain.User)
		}{
			{name: "revoked", session: revoked},
			{name: "idle expiry reached", session: func(s *domain.Session) { s.IdleExpiresAt = noon.Add(10 * time.Minute) }},
			{name: "absolute expiry reached", session: func(s *domain.Session) { s.ExpiresAt = noon.Add(10 * time.Minute) }},
			{name: "long expired", session: expiring(noon)},
			{name: "older generation", session: func(s *domain.Session) { s.Generation = 2 }, step: func(a *application.Advance) { a.From = 1 }},
			{name: "generation ahead", step: func(a *application.Advance) { a.From = 1 }},
			{name: "negative generation", step: func(a *application.Advance) { a.From = -1 }},
			{name: "another user", step: func(a *application.Advance) { a.User = newID[domain.UserID]() }},
			{name: "user disabled", user: disabled},
			{name: "user's version moved", user: func(u *domain.User) { u.Version++ }},
			{name: "user disabled and enabled again", user: func(u *domain.User) { u.Version += 2 }},
		} {
			for _, keep := range []bool{false, true} {
				user := insertUser(t, s)
				session := newSession(user)
				if c.session != nil {
					c.session(&session)
				}
				require(t, "insert a session", s.Sessions().Insert(t.Context(), session))
				if c.user != nil {
					user = updateUser(t, s, user, c.user)
				}
				step := stepOf(session)
				step.Keep = keep
				if c.step != nil {
					c.step(&step)
				}
				advance(t, s, c.name, step, false, session, user)
			}
		}
	}},
	{"Advance refuses another existing user's step", func(t testing.TB, s application.Storage) {
		user, other := insertUser(t, s), insertUser(t, s)
		session := insertSession(t, s, user)
		step := stepOf(session)
		step.User = other.ID
		advance(t, s, "Advance", step, false, session, user)
	}},
	{"Advance moves a session in its last microsecond", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		last := noon.Add(10 * time.Minute).Add(time.Microsecond)
		session := insertSession(t, s, user, expiring(last))
		step := stepOf(session)
		session.Generation, session.RotatedAt = 1, step.Now
		advance(t, s, "Advance", step, true, session, user)
	}},
	{"Advance of a session that is not there, or whose user is gone, is not found", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user)
		require(t, "Delete", s.Users().Delete(t.Context(), user.ID))
		_, _, moved, err := s.Sessions().Advance(t.Context(), stepOf(session))
		refuse(t, "Advance of a deleted user's", err, domain.ErrNotFound)
		_, _, again, err := s.Sessions().Advance(t.Context(), stepOf(newSession(user)))
		refuse(t, "Advance of nothing", err, domain.ErrNotFound)
		if moved || again {
			t.Errorf("moved: got %t and %t, want false", moved, again)
		}
	}},
	{"of 32 rivals one advances the session, and the others see it advanced", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user)
		for generation := range int64(3) {
			var outcomes tally
			together(32, func(i int) {
				step := stepOf(session)
				step.From = generation
				step.Now = step.Now.Add(time.Duration(i) * time.Microsecond)
				got, _, moved, err := s.Sessions().Advance(t.Context(), step)
				outcomes.add(moved, err)
				if err == nil && got.Generation != generation+1 {
					t.Errorf("generation that a rival sees: got %d, want %d", got.Generation, generation+1)
				}
				if moved && !got.RotatedAt.Equal(step.Now) {
					t.Errorf("RotatedAt of the winner: got %s, want its own %s", got.RotatedAt, step.Now)
				}
			})
			outcomes.want(t, "Advance", map[string]int{"true": 1, "false": 31})
		}
		got, _, err := s.Sessions().Session(t.Context(), session.ID)
		same(t, "generation", got.Generation, err, 3)
	}},
	{"sessions of one user advance side by side", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		sessions := make([]domain.Session, 8)
		for i := range sessions {
			sessions[i] = insertSession(t, s, user)
		}
		var outcomes tally
		together(len(sessions), func(i int) {
			_, _, moved, err := s.Sessions().Advance(t.Context(), stepOf(sessions[i]))
			outcomes.add(moved, err)
		})
		outcomes.want(t, "Advance", map[string]int{"true": 8})
	}},
	{"a session that is revoked while it advances is over", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		for range 8 {
			session := insertSession(t, s, user)
			together(2, func(i int) {
				if i == 0 {
					_, err := s.Sessions().Revoke(t.Context(), session.ID, noon)
					succeed(t, "Revoke", err)
					return
				}
				_, _, _, err := s.Sessions().Advance(t.Context(), stepOf(session))
				succeed(t, "Advance", err)
			})
			got, _, err := s.Sessions().Session(t.Context(), session.ID)
			same(t, "revoked", got.Revoked(), err, true)
		}
	}},
}
