package echohttp

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// From the domain to the wire, one function for each shape.

func answerUser(c echo.Context, status int, user domain.User) error {
	setETag(c, user.UpdatedAt)
	return answerText(c, status, appendUser(make([]byte, 0, 512), &user))
}

func wireUser(u domain.User) User {
	return User{
		ID: string(u.ID), Email: u.Email.String(), Name: u.Name,
		IsActive: u.Active(), EmailVerified: u.EmailVerified(), Roles: texts(u.Roles),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// wireSession shows a session to somebody whose own is current.
func wireSession(s domain.Session, current domain.SessionID) Session {
	return Session{
		ID: string(s.ID), CreatedAt: s.CreatedAt, LastUsedAt: s.RotatedAt, ExpiresAt: s.ExpiresAt,
		IP: s.Client.Address, UserAgent: s.Client.UserAgent, Current: s.ID == current,
	}
}

func wireRole(r domain.Role) Role {
	return Role{Name: string(r.Name), Description: r.Description, Permissions: texts(r.Permissions), BuiltIn: r.Name.BuiltIn()}
}

func answerRole(c echo.Context, status int, role domain.Role) error {
	setETag(c, role.UpdatedAt)
	wire := wireRole(role)
	return answer(c, status, &wire)
}

func wireAPIKey(k domain.APIKey) APIKey {
	return APIKey{
		ID: string(k.ID), Name: k.Name, Permissions: texts(k.Permissions), CreatedBy: orNull(k.CreatedBy),
		CreatedAt: k.CreatedAt, ExpiresAt: timeOrNull(k.ExpiresAt), RevokedAt: timeOrNull(k.RevokedAt), LastUsedAt: timeOrNull(k.LastUsedAt),
	}
}

func wireCreatedAPIKey(k domain.APIKey, text domain.Secret) CreatedAPIKey {
	w := wireAPIKey(k)
	return CreatedAPIKey{
		ID: w.ID, Name: w.Name, Key: text.Reveal(), Permissions: w.Permissions, CreatedBy: w.CreatedBy,
		CreatedAt: w.CreatedAt, ExpiresAt: w.ExpiresAt, RevokedAt: w.RevokedAt, LastUsedAt: w.LastUsedAt,
	}
}

// texts gives an empty list and not null for none.
func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
