package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// remembered is what the changes here are made to: a user who holds a role,
// with a live session, and an API key.
type remembered struct {
	user    domain.User
	session domain.Session
	role    domain.Role
	key     domain.APIKey
	signing domain.SigningKey
}

// newRemembered stores all of it; the session and the key are live by the
// wall clock, for a cache remembers nothing that is over.
func newRemembered(t testing.TB, s application.Tx) *remembered {
	t.Helper()
	r := &remembered{role: putRole(t, s, domain.RoleName("r"+string(newID[domain.UserID]())[30:]), "reports:read")}
	r.user = insertUser(t, s, withRoles(r.role.Name))
	r.session = insertSession(t, s, r.user, live)
	r.key = insertAPIKey(t, s)
	r.signing = domain.SigningKey{
		ID: string(newID[domain.UserID]()), Algorithm: "ES256", State: domain.KeyPublished, Sealed: []byte{1}, CreatedAt: noon, StateAt: noon,
	}
	require(t, "put a signing key", s.SigningKeys().Put(t.Context(), r.signing))
	return r
}

func live(s *domain.Session) {
	s.IdleExpiresAt = time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	s.ExpiresAt = s.IdleExpiresAt
}

// alteration is a change that others must hear of, and of what it is.
type alteration struct {
	name string
	of   func(r *remembered) application.Change
	do   func(ctx context.Context, s application.Tx, r *remembered) error
}

func ofUser(r *remembered) application.Change {
	return application.Change{Kind: application.ChangedUser, ID: string(r.user.ID)}
}

func ofSession(r *remembered) application.Change {
	return application.Change{Kind: application.ChangedSession, ID: string(r.session.ID)}
}

func ofRole(r *remembered) application.Change {
	return application.Change{Kind: application.ChangedRole, ID: string(r.role.Name)}
}

func ofKey(r *remembered) application.Change {
	return application.Change{Kind: application.ChangedAPIKey, ID: string(r.key.ID)}
}

func ofSigningKey(r *remembered) application.Change {
	return application.Change{Kind: application.ChangedSigningKey, ID: r.signing.ID}
}

// edited is an alteration of the user.
func edited(name string, edit func(*domain.User)) alteration {
	return alteration{name, ofUser, func(ctx context.Context, s application.Tx, r *remembered) error {
		edit(&r.user)
		return s.Users().Update(ctx, r.user)
	}}
}

// alterationsTold are the changes that a feed must tell of, in an order in which one
// remembered goes through all of them.
var alterationsTold = []alteration{
	edited("a user's name", func(u *domain.User) { u.Name = "Grace Hopper" }),
	edited("a user's address", func(u *domain.User) { u.Email = domain.StoredEmail("new-" + u.Email.String()) }),
	edited("a verified address", func(u *domain.User) { u.EmailVerifiedAt = noon }),
	edited("a user's roles", func(u *domain.User) { u.Roles = domain.RoleNames(append(u.Roles, domain.RoleModerator)...) }),
	{"a role's permissions", ofRole, func(ctx context.Context, s application.Tx, r *remembered) error {
		r.role.Permissions = domain.NewPermissions("reports:write")
		return s.Roles().Put(ctx, r.role)
	}},
	{"a role taken from all", ofUser, func(ctx context.Context, s application.Tx, r *remembered) error {
		return s.Users().RemoveRole(ctx, r.role.Name, noon)
	}},
	{"a role deleted", ofRole, func(ctx context.Context, s application.Tx, r *remembered) error {
		return s.Roles().Delete(ctx, r.role.Name)
	}},
	{"a role made", ofRole, func(ctx context.Context, s application.Tx, r *remembered) error {
		return s.Roles().Put(ctx, r.role)
	}},
	{"a session revoked", ofSession, func(ctx context.Context, s application.Tx, r *remembered) error {
		_, err := s.Sessions().Revoke(ctx, r.session.ID, noon)
		return err
	}},
	edited("a new version", func(u *domain.User) { u.Version++ }),
	edited("a user disabled", disabled),
	{"an API key revoked", ofKey, func(ctx context.Context, s application.Tx, r *remembered) error {
		_, err := s.APIKeys().Revoke(ctx, r.key.ID, noon)
		return err
	}},
	{"a signing key's state", ofSigningKey, func(ctx context.Context, s application.Tx, r *remembered) error {
		r.signing.State = domain.KeySigning
		return s.SigningKeys().Put(ctx, r.signing)
	}},
	{"a signing key withdrawn", ofSigningKey, func(ctx context.Context, s application.Tx, r *remembered) error {
		return s.SigningKeys().Delete(ctx, r.signing.ID)
	}},
	{"a user deleted", ofUser, func(ctx context.Context, s application.Tx, r *remembered) error {
		return s.Users().Delete(ctx, r.user.ID)
	}},
}
