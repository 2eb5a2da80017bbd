package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// APIKeys is how the credentials of services are made, shown and ended.
type APIKeys struct {
	Journal Journal
}

// NewAPIKey is a key to be made.
type NewAPIKey struct {
	Name        string
	Permissions domain.Permissions
	ExpiresAt   time.Time // zero: never
}

// lastYear is the last that a time can be written in (RFC 3339 §5.6).
const lastYear = 9999

// Create makes a key and returns it with the one text that a service presents:
// it is never shown again. domain.ErrInsufficientPermissions for a permission
// that the caller lacks; domain.ErrInvalid for an expiry that is over, can't be
// written or is after that of the key which asks, and for more permissions than
// a token can say.
func (uc *APIKeys) Create(ctx context.Context, caller domain.Principal, n NewAPIKey) (domain.APIKey, domain.Secret, error) {
	now := uc.Journal.Clock.Now()
	if n.Name == "" {
		return domain.APIKey{}, domain.Secret{}, domain.Invalid("name", "must not be empty: it tells keys apart")
	}
	if !n.ExpiresAt.IsZero() && (!n.ExpiresAt.After(now) || n.ExpiresAt.Year() > lastYear) {
		return domain.APIKey{}, domain.Secret{}, domain.Invalid("expires_at", "must be in the future, and in UTC before the year 10000")
	}
	if err := domain.CheckHeld("permissions", n.Permissions, domain.MaxPermissions); err != nil {
		return domain.APIKey{}, domain.Secret{}, err
	}
	if !caller.Reaches(n.Permissions) {
		return domain.APIKey{}, domain.Secret{}, domain.ErrInsufficientPermissions
	}
	secret := domain.RandomSecret()
	key := domain.APIKey{
		ID: domain.APIKeyID(uc.Journal.IDs.NewID()), Name: n.Name, Hash: domain.HashSecret(secret),
		Permissions: n.Permissions, CreatedBy: caller.Subject, CreatedAt: now, ExpiresAt: n.ExpiresAt,
	}
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		if err := outlived(ctx, tx, caller, n.ExpiresAt, now); err != nil {
			return err
		}
		note(domain.Event{Type: domain.APIKeyCreated, Subject: string(key.ID), Actor: caller.Subject})
		return tx.APIKeys().Insert(ctx, key)
	})
	if err != nil {
		return domain.APIKey{}, domain.Secret{}, fmt.Errorf("create API key: %w", err)
	}
	return key, domain.FormatAPIKey(key.ID, secret), nil
}

// outlived returns nil unless a service would make a key that outlives its own:
// one that leaked would never end.
func outlived(ctx context.Context, tx Tx, caller domain.Principal, expires, now time.Time) error {
	if caller.Kind != domain.PrincipalService {
		return nil
	}
	own, err := tx.APIKeys().APIKey(ctx, domain.APIKeyID(caller.Subject))
	switch {
	case errors.Is(err, domain.ErrAPIKeyNotFound), err == nil && !own.Active(now): // it ended meanwhile
		return domain.ErrInsufficientPermissions
	case err != nil:
		return err
	case !own.ExpiresAt.IsZero() && (expires.IsZero() || expires.After(own.ExpiresAt)):
		return domain.Invalid("expires_at", "must not be after the end of the key that asks, "+own.ExpiresAt.Format(time.RFC3339))
	}
	return nil
}

// List returns a page of keys by ascending ID, revoked ones too.
func (uc *APIKeys) List(ctx context.Context, page Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	return uc.Journal.Store.APIKeys().List(ctx, page)
}

// Revoke ends a key; one that is over already is no error.
// domain.ErrAPIKeyNotFound; domain.ErrInsufficientPermissions for a key that
// may do what the caller may not.
func (uc *APIKeys) Revoke(ctx context.Context, caller domain.Principal, id domain.APIKeyID) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		key, err := tx.APIKeys().APIKey(ctx, id)
		if err != nil {
			return err
		}
		if !caller.Reaches(key.Permissions) {
			return domain.ErrInsufficientPermissions
		}
		ended, err := tx.APIKeys().Revoke(ctx, id, uc.Journal.Clock.Now())
		if err == nil && ended {
			note(domain.Event{Type: domain.APIKeyRevoked, Subject: string(id), Actor: caller.Subject})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke API key %s: %w", id, err)
	}
	return nil
}
