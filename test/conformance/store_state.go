package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// state proves a session's state, all but what may be stale in it.
func state(t testing.TB, s application.Storage, what string, session domain.Session, user domain.User, permissions ...domain.Permission) {
	t.Helper()
	got, err := s.SessionState(t.Context(), session.ID)
	if err != nil {
		t.Errorf("%s: got error %v, want none", what, err)
		return
	}
	current := *got
	current.Session.Generation, current.Session.RotatedAt, current.Session.IdleExpiresAt = session.Generation, session.RotatedAt, session.IdleExpiresAt
	same(t, what, current, nil, domain.SessionState{Session: session, User: user, Permissions: domain.NewPermissions(permissions...)})
}

var stateCases = []Case{
	{"a session's state is the session, its user and what all its roles allow", func(t testing.TB, s application.Storage) {
		putRole(t, s, "a", "reports:read", "users:read")
		putRole(t, s, "b", "reports:write", "reports:read")
		putRole(t, s, "not-held", "secrets:read")
		user := insertUser(t, s, withRoles("a", "b", "nobodys"))
		session := insertSession(t, s, user)
		state(t, s, "several roles", session, user, "reports:read", "reports:write", "users:read")
		bare := insertUser(t, s, withRoles())
		state(t, s, "no role", insertSession(t, s, bare), bare)
		lost := insertUser(t, s, withRoles("nobodys"))
		state(t, s, "an unknown role", insertSession(t, s, lost), lost)
		admin := insertUser(t, s, withRoles(domain.RoleAdmin))
		state(t, s, "an admin", insertSession(t, s, admin), admin, domain.EveryPermission)
	}},
	{"a change of a role or of who holds it counts at once", func(t testing.TB, s application.Storage) {
		role := putRole(t, s, "a", "reports:read")
		user := insertUser(t, s, withRoles("a"))
		session := insertSession(t, s, user)
		state(t, s, "before", session, user, "reports:read")
		role.Permissions = domain.NewPermissions("reports:write")
		require(t, "Put", s.Roles().Put(t.Context(), role))
		state(t, s, "role changed", session, user, "reports:write")
		user = updateUser(t, s, user, withRoles("a", domain.RoleModerator))
		state(t, s, "role granted", session, user, "audit:read", "reports:write", "sessions:read", "sessions:revoke", "users:read")
		require(t, "Delete", s.Roles().Delete(t.Context(), "a"))
		got, err := s.SessionState(t.Context(), session.ID)
		require(t, "SessionState", err)
		same(t, "role deleted", got.Permissions.Allow("reports:write"), nil, false)
	}},
	{"a session that is over is still seen, with what ended it", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user)
		session.RevokedAt = noon.Add(time.Minute)
		_, err := s.Sessions().Revoke(t.Context(), session.ID, session.RevokedAt)
		require(t, "Revoke", err)
		state(t, s, "revoked", session, user)
		user = updateUser(t, s, user, disabled, func(u *domain.User) { u.Version++ })
		state(t, s, "user disabled", session, user)
		old := insertUser(t, s)
		state(t, s, "long expired", insertSession(t, s, old, expiring(noon.Add(-time.Hour))), old)
	}},
	{"there is no state of what is not there", func(t testing.TB, s application.Storage) {
		user := insertUser(t, s)
		session := insertSession(t, s, user)
		require(t, "Delete", s.Users().Delete(t.Context(), user.ID))
		for _, id := range []domain.SessionID{session.ID, newID[domain.SessionID]()} {
			_, err := s.SessionState(t.Context(), id)
			refuse(t, "SessionState", err, domain.ErrNotFound)
		}
		_, err := s.APIKeyState(t.Context(), newID[domain.APIKeyID]())
		refuse(t, "APIKeyState", err, domain.ErrNotFound)
	}},
	{"an API key's state is the key, revoked or not", func(t testing.TB, s application.Storage) {
		key := insertAPIKey(t, s)
		got, err := s.APIKeyState(t.Context(), key.ID)
		same(t, "APIKeyState", got, err, &key)
		key.RevokedAt = noon.Add(time.Minute)
		_, err = s.APIKeys().Revoke(t.Context(), key.ID, key.RevokedAt)
		require(t, "Revoke", err)
		got, err = s.APIKeyState(t.Context(), key.ID)
		same(t, "APIKeyState of a revoked key", got, err, &key)
	}},
}
