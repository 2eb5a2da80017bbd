package application

import (
	"context"
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
