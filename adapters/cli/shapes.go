package cli

import (
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// What --json prints has the members that the HTTP API has.

type userJSON struct {
	ID            domain.UserID     `json:"id"`
	Email         string            `json:"email"`
	Name          string            `json:"name"`
	IsActive      bool              `json:"is_active"`
	EmailVerified bool              `json:"email_verified"`
	Roles         []domain.RoleName `json:"roles"`
	CreatedAt     time.Time         `json:"created_at"`
	UpdatedAt     time.Time         `json:"updated_at"`
}

func shownUser(u domain.User) userJSON {
	return userJSON{
		ID: u.ID, Email: u.Email.String(), Name: u.Name, IsActive: u.Active(), EmailVerified: u.EmailVerified(),
		Roles: append([]domain.RoleName{}, u.Roles...), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

type apiKeyJSON struct {
	ID          domain.APIKeyID     `json:"id"`
	Name        string              `json:"name"`
	Key         string              `json:"key,omitempty"` // when it is made, and never again
	Permissions []domain.Permission `json:"permissions"`
	CreatedBy   string              `json:"created_by"`
	CreatedAt   time.Time           `json:"created_at"`
	ExpiresAt   *time.Time          `json:"expires_at"`
	RevokedAt   *time.Time          `json:"revoked_at"`
	LastUsedAt  *time.Time          `json:"last_used_at"`
}

func shownKey(k domain.APIKey) apiKeyJSON {
	return apiKeyJSON{
		ID: k.ID, Name: k.Name, Permissions: append([]domain.Permission{}, k.Permissions...), CreatedBy: k.CreatedBy,
		CreatedAt: k.CreatedAt, ExpiresAt: orNull(k.ExpiresAt), RevokedAt: orNull(k.RevokedAt), LastUsedAt: orNull(k.LastUsedAt),
	}
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// instant writes a time for people; "-" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
