package application

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-auth/sallyport/domain"
)

// ClientCredentials lets a service trade its API key for an access token (RFC
// 6749 §4.4), so that the key itself goes nowhere but here.
type ClientCredentials struct {
	Journal   Journal
	Grants    Grants
	Authorize *Authorize
}

// Client is how a service names and proves itself as an OAuth 2.0 client: its
// API key's id, and the whole key.
type Client struct {
	ID     string
	Secret domain.Secret
}

// Do returns an access token for scope, permissions separated by spaces, and
// for all that the key may when it is empty. domain.ErrInvalidAPIKey,
// domain.ErrInvalidScope.
func (uc *ClientCredentials) Do(ctx context.Context, client Client, scope string) (ServiceToken, error) {
	key, err := uc.Authorize.Client(ctx, client)
	if err != nil {
		return ServiceToken{}, err
	}
	granted, err := narrow(key.Permissions, scope)
	if err != nil {
		return ServiceToken{}, err
	}
	token, err := uc.Grants.service(ctx, key, granted, uc.Journal.Clock.Now())
	if err != nil {
		return ServiceToken{}, err
	}
	err = uc.Journal.Change(ctx, func(_ context.Context, _ Tx, note Note) error {
		note(domain.Event{Type: domain.TokenIssued, Subject: string(key.ID)})
		return nil
	})
	if err != nil {
		return ServiceToken{}, fmt.Errorf("record a token of API key %s: %w", key.ID, err)
	}
	return token, nil
}

// Client returns the API key of a client that proved itself, or
// domain.ErrInvalidAPIKey: it is APIKey with the key's id said once more.
func (uc *Authorize) Client(ctx context.Context, client Client) (*domain.APIKey, error) {
	presented := client.Secret.Reveal()
	id, _, err := domain.ParseAPIKey(presented)
	if err != nil || string(id) != client.ID {
		presented = "" // somebody else's key proves nothing: refused, counted and recorded as no key at all
	}
	principal, err := uc.APIKey(ctx, presented)
	if err != nil {
		return nil, err
	}
	key, err := uc.State.APIKeyState(ctx, domain.APIKeyID(principal.Subject))
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return nil, domain.ErrInvalidAPIKey
	case err != nil:
		return nil, fmt.Errorf("read state of API key %s: %w", principal.Subject, err)
	case !key.Active(uc.Journal.Clock.Now()): // it ended between the two
		return nil, domain.ErrInvalidAPIKey
	}
	return key, nil
}

// narrow returns the part of permissions that scope asks for.
func narrow(permissions domain.Permissions, scope string) (domain.Permissions, error) {
	if scope == "" {
		return permissions, nil
	}
	var asked []domain.Permission
	for name := range strings.SplitSeq(scope, " ") {
		p, err := domain.ParsePermission("scope", name)
		if err != nil || !permissions.Allow(p) {
			return nil, domain.ErrInvalidScope
		}
		asked = append(asked, p)
	}
	return domain.NewPermissions(asked...), nil
}
