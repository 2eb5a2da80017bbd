package jwttoken

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/domain"
)

// VerifyAccess returns an access token's claims. They may be shared with other
// callers: read them, don't write to them. The errors are domain.ErrTokenType,
// domain.ErrTokenExpired, with the claims, domain.ErrInvalidToken, with the
// reason as its cause, and domain.ErrUnavailable when the token's key can't be
// known.
func (t *Tokens) VerifyAccess(ctx context.Context, token string) (*domain.AccessClaims, error) {
	var hash tokenHash
	remembers := t.ring.remember > 0 && len(token) <= longestRemembered
	if remembers {
		hash = hashToken(token)
		if set := t.ring.believed(); set != nil {
			if claims := set.memory.recall(hash, t.clock.Now()); claims != nil {
				return claims, nil
			}
		}
	}
	claims, set, err := t.readAccess(ctx, token)
	var reason refusal
	switch {
	case errors.Is(err, expired):
		return claims, domain.ErrTokenExpired
	case errors.As(err, &reason):
		return nil, domain.ErrInvalidToken.Because(reason)
	case err != nil:
		return nil, err
	}
	if remembers {
		set.memory.remember(hash, claims)
	}
	return claims, nil
}

// VerifyRefresh returns a refresh token's claims. domain.ErrTokenType for an
// access token of ours, domain.ErrInvalidRefreshToken with the reason as its
// cause, which is domain.ErrTokenExpired for one that is merely too old, and
// domain.ErrUnavailable when an access token's key can't be known.
func (t *Tokens) VerifyRefresh(ctx context.Context, token string) (domain.RefreshClaims, error) {
	claims, err := t.readRefresh(ctx, token)
	var reason refusal
	switch {
	case errors.Is(err, expired):
		return domain.RefreshClaims{}, domain.ErrInvalidRefreshToken.Because(domain.ErrTokenExpired)
	case errors.As(err, &reason):
		return domain.RefreshClaims{}, domain.ErrInvalidRefreshToken.Because(reason)
	}
	return claims, err
}

// readAccess verifies an access token, and returns its claims, also of one that
// is merely too old, and the keys by which it was good.
func (t *Tokens) readAccess(ctx context.Context, token string) (*domain.AccessClaims, *keySet, error) {
	c, err := split(token)
	if err != nil {
		return nil, nil, err
	}
	if c.typ == refreshType {
		if err := t.secrets.verify(&c); err != nil {
			return nil, nil, err
		}
		return nil, nil, domain.ErrTokenType
	}
	set, err := t.ring.verify(ctx, &c)
	if err != nil {
		return nil, nil, err
	}
	payload, err := c.claims()
	if err != nil {
		return nil, nil, err
	}
	now := t.clock.Now()
	if err := payload.check(accessKind, t.issuer, t.audience, now); err != nil {
		return nil, nil, err
	}
	claims, err := payload.access()
	if err != nil {
		return nil, nil, err
	}
	if !now.Before(claims.ExpiresAt) {
		return claims, nil, expired
	}
	return claims, set, nil
}

func (t *Tokens) readRefresh(ctx context.Context, token string) (domain.RefreshClaims, error) {
	c, err := split(token, t.secrets.current)
	if err != nil {
		return domain.RefreshClaims{}, err
	}
	if c.typ == accessType {
		if _, err := t.ring.verify(ctx, &c); err != nil {
			return domain.RefreshClaims{}, err
		}
		return domain.RefreshClaims{}, domain.ErrTokenType
	}
	if err := t.secrets.verify(&c); err != nil {
		return domain.RefreshClaims{}, err
	}
	payload, err := c.claims()
	if err != nil {
		return domain.RefreshClaims{}, err
	}
	now := t.clock.Now()
	if err := payload.check(refreshKind, t.issuer, t.issuer, now); err != nil {
		return domain.RefreshClaims{}, err
	}
	claims, err := payload.refresh()
	if err != nil {
		return domain.RefreshClaims{}, err
	}
	if !now.Before(claims.ExpiresAt) {
		return domain.RefreshClaims{}, expired
	}
	return claims, nil
}
