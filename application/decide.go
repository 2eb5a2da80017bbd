package application

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/domain"
)

// Question asks whether somebody may pass: the caller, or whoever Token speaks for.
type Question struct {
	Token    string // empty: the caller asks about themselves
	Required Requirement
}

// Decision is the answer to a Question.
type Decision struct {
	Allowed   bool
	Reason    Reason
	Principal *domain.Principal // nil when the token is worth nothing
}

// Reason says why a decision is what it is.
type Reason string

// The reasons.
const (
	ReasonAllowed      Reason = "allowed"
	ReasonInsufficient Reason = "insufficient_permissions"
	ReasonTokenInvalid Reason = "token_invalid"
	ReasonTokenExpired Reason = "token_expired"
	ReasonTokenRevoked Reason = "token_revoked"
	ReasonUserInactive Reason = "user_inactive"
)

// Decide answers a question of caller. Asking about a token other than one's
// own takes domain.TokensIntrospect: domain.ErrInsufficientPermissions.
func (uc *Authorize) Decide(ctx context.Context, caller domain.Principal, q Question) (Decision, error) {
	principal := caller
	if q.Token != "" {
		if err := uc.Permit(ctx, caller, Requirement{Permission: domain.TokensIntrospect}); err != nil {
			return Decision{}, err
		}
		claims, err := uc.Verifier.VerifyAccess(ctx, q.Token)
		if err == nil {
			principal, err = uc.Current(ctx, claims)
		}
		if err != nil {
			if !isUnauthenticated(err) {
				return Decision{}, err
			}
			return Decision{Reason: tokenReason(err)}, nil
		}
	}
	if !q.Required.Met(principal) {
		return Decision{Reason: ReasonInsufficient, Principal: &principal}, nil
	}
	return Decision{Allowed: true, Reason: ReasonAllowed, Principal: &principal}, nil
}

func tokenReason(err error) Reason {
	switch {
	case errors.Is(err, domain.ErrTokenExpired):
		return ReasonTokenExpired
	case errors.Is(err, domain.ErrTokenRevoked):
		return ReasonTokenRevoked
	case errors.Is(err, domain.ErrUserInactive):
		return ReasonUserInactive
	}
	return ReasonTokenInvalid
}
