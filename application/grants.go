package application

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Grants begins sessions and mints tokens: the steps that every grant
// shares stand here, so that none can forget one.
type Grants struct {
	Signer    TokenSigner
	IDs       IDs
	Lifetimes domain.Lifetimes
	Rotation  bool          // off: one refresh token for a whole session
	Grace     time.Duration // how long the previous generation still gets the same successor
}

// session begins a session of user on the client that ctx came from.
func (g Grants) session(ctx context.Context, user domain.User, now time.Time) domain.Session {
	return domain.NewSession(domain.SessionID(g.IDs.NewID()), user, now, g.Lifetimes, OriginOf(ctx).Client)
}

// mint returns the tokens of a session as it is stored, at now.
func (g Grants) mint(ctx context.Context, session domain.Session, user domain.User, now time.Time) (domain.Tokens, error) {
	claims := session.RefreshClaims(g.Rotation)
	tokens := domain.Tokens{
		IssuedAt:         now,
		AccessExpiresAt:  session.AccessExpiry(now, g.Lifetimes.Access),
		RefreshExpiresAt: session.IdleExpiresAt,
	}
	var err error
	if tokens.Refresh, err = g.Signer.SignRefresh(claims); err != nil {
		return domain.Tokens{}, fmt.Errorf("sign refresh token of session %s: %w", session.ID, err)
	}
	tokens.Access, err = g.access(ctx, domain.AccessClaims{
		Subject: string(user.ID), Session: session.ID, Roles: user.Roles, Version: user.Version,
		IssuedAt: now, ExpiresAt: tokens.AccessExpiresAt,
	})
	if err != nil {
		return domain.Tokens{}, fmt.Errorf("sign access token of session %s: %w", session.ID, err)
	}
	return tokens, nil
}

// ServiceToken is what client_credentials answers with: no refresh token, since
// the client can ask again (RFC 6749 §4.4.3).
type ServiceToken struct {
	IssuedAt  time.Time
	Access    domain.AccessToken
	ExpiresAt time.Time
	Scope     domain.Permissions
}

// service returns an access token of an API key for a part of what it may.
func (g Grants) service(ctx context.Context, key *domain.APIKey, scope domain.Permissions, now time.Time) (ServiceToken, error) {
	token := ServiceToken{IssuedAt: now, ExpiresAt: key.AccessExpiry(now, g.Lifetimes.Access), Scope: scope}
	var err error
	token.Access, err = g.access(ctx, domain.AccessClaims{
		Subject: string(key.ID), ClientID: string(key.ID), Scope: scope,
		IssuedAt: now, ExpiresAt: token.ExpiresAt,
	})
	if err != nil {
		return ServiceToken{}, fmt.Errorf("sign access token of API key %s: %w", key.ID, err)
	}
	return token, nil
}

// access signs an access token under an id of its own.
func (g Grants) access(ctx context.Context, claims domain.AccessClaims) (domain.AccessToken, error) {
	claims.ID = g.IDs.NewID()
	return g.Signer.SignAccess(ctx, claims)
}
