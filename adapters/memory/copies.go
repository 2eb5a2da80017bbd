package memory

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Each function copies a row so that nothing is shared with the original, and
// cuts its times to what a database keeps.

func micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func copyUser(u domain.User) domain.User {
	u.Roles = slices.Clone(u.Roles)
	u.EmailVerifiedAt, u.CreatedAt, u.UpdatedAt = micro(u.EmailVerifiedAt), micro(u.CreatedAt), micro(u.UpdatedAt)
	return u
}

func copyCredential(c domain.Credential) domain.Credential {
	c.CreatedAt, c.UpdatedAt = micro(c.CreatedAt), micro(c.UpdatedAt)
	return c
}

func copySession(s domain.Session) domain.Session {
	s.CreatedAt, s.RotatedAt, s.RevokedAt = micro(s.CreatedAt), micro(s.RotatedAt), micro(s.RevokedAt)
	s.IdleExpiresAt, s.ExpiresAt = micro(s.IdleExpiresAt), micro(s.ExpiresAt)
	return s
}

func copyRole(r domain.Role) domain.Role {
	r.Permissions = slices.Clone(r.Permissions)
	r.CreatedAt, r.UpdatedAt = micro(r.CreatedAt), micro(r.UpdatedAt)
	return r
}

func copyAPIKey(k domain.APIKey) domain.APIKey {
	k.Permissions = slices.Clone(k.Permissions)
	k.CreatedAt, k.ExpiresAt = micro(k.CreatedAt), micro(k.ExpiresAt)
	k.RevokedAt, k.LastUsedAt = micro(k.RevokedAt), micro(k.LastUsedAt)
	return k
}

func copySigningKey(k domain.SigningKey) domain.SigningKey {
	k.Sealed = bytes.Clone(k.Sealed)
	k.CreatedAt, k.StateAt, k.ExpiresAt = micro(k.CreatedAt), micro(k.StateAt), micro(k.ExpiresAt)
	return k
}

func copyMailToken(t domain.MailToken) domain.MailToken {
	t.CreatedAt, t.ExpiresAt = micro(t.CreatedAt), micro(t.ExpiresAt)
	return t
}

func copyMessage(m domain.Message) domain.Message {
	m.Sealed = bytes.Clone(m.Sealed)
	m.CreatedAt, m.NextAttemptAt = micro(m.CreatedAt), micro(m.NextAttemptAt)
	return m
}

func copyEvent(e domain.Event) domain.Event {
	e.Details = maps.Clone(e.Details)
	e.At = micro(e.At)
	return e
}

func copyLease(l lease) lease {
	l.until = micro(l.until)
	return l
}
