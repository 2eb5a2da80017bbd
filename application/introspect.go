package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Introspect tells a service what a token is worth now (RFC 7662).
type Introspect struct {
	Authorize *Authorize
	Grants    Grants
	Issuer    string // of every token, and the audience of refresh tokens
	Audience  string // of access tokens
}

// The types of tokens, as introspection names them. A refresh token opens no
// resource, and whoever asks must be able to tell.
const (
	TokenTypeBearer  = "Bearer" // RFC 6750
	TokenTypeRefresh = "refresh_token"
)

// Introspection is what a token is worth. Only Active counts when it is false.
type Introspection struct {
	Active    bool
	Type      string
	ID        string // jti
	Principal domain.Principal
	ClientID  string // of a service
	Issuer    string
	Audience  string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Do looks at a token of either kind. It takes domain.TokensIntrospect:
// domain.ErrInsufficientPermissions. A token that is not valid now, for
// whatever reason, is no error; that nothing is known is one.
func (uc *Introspect) Do(ctx context.Context, caller domain.Principal, token string) (Introspection, error) {
	if err := uc.Authorize.Permit(ctx, caller, Requirement{Permission: domain.TokensIntrospect}); err != nil {
		return Introspection{}, err
	}
	found, err := uc.access(ctx, token)
	if errors.Is(err, domain.ErrTokenType) {
		found, err = uc.refresh(ctx, token)
	}
	if err != nil {
		if isUnauthenticated(err) {
			return Introspection{}, nil
		}
		return Introspection{}, fmt.Errorf("introspect a token: %w", err)
	}
	found.Active, found.Issuer = true, uc.Issuer
	return found, nil
}

func (uc *Introspect) access(ctx context.Context, token string) (Introspection, error) {
	claims, err := uc.Authorize.Verifier.VerifyAccess(ctx, token)
	if err != nil {
		return Introspection{}, err
	}
	principal, err := uc.Authorize.Current(ctx, claims)
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{
		Type: TokenTypeBearer, ID: claims.ID, Principal: principal, ClientID: claims.ClientID, Audience: uc.Audience,
		IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
	}, nil
}

// refresh looks at a refresh token without using it: it is valid when it would
// move its session forward, or get the same successor once more.
func (uc *Introspect) refresh(ctx context.Context, token string) (Introspection, error) {
	claims, err := uc.Authorize.Verifier.VerifyRefresh(ctx, token)
	if err != nil {
		return Introspection{}, err
	}
	session, user, err := uc.Authorize.Journal.Store.Sessions().Session(ctx, claims.Session)
	if errors.Is(err, domain.ErrNotFound) {
		return Introspection{}, domain.ErrInvalidRefreshToken
	}
	if err != nil {
		return Introspection{}, fmt.Errorf("read session %s: %w", claims.Session, err)
	}
	presented := domain.Presented{Subject: claims.Subject, Generation: claims.Generation}
	verdict, _ := session.Judge(user, presented, uc.Authorize.Journal.Clock.Now(), uc.Grants.Grace)
	if verdict != domain.Current && verdict != domain.Replay {
		return Introspection{}, domain.ErrInvalidRefreshToken
	}
	principal, err := uc.Authorize.Current(ctx, &domain.AccessClaims{Subject: string(claims.Subject), Session: claims.Session})
	if err != nil {
		return Introspection{}, err
	}
	return Introspection{
		Type: TokenTypeRefresh, ID: claims.ID(), Principal: principal, Audience: uc.Issuer,
		IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
	}, nil
}
