package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// Authorize says who a caller is now, and whether they may pass. It asks the
// StateReader on every call: what a token says of roles is a hint for others.
type Authorize struct {
	Journal  Journal
	Verifier TokenVerifier
	State    StateReader
	// Throttle limits wrong API keys; the zero Throttle limits none.
	Throttle Throttle
	LastUsed *LastUsed // of API keys; nil: nobody asks
}

// Bearer returns the principal of an access token. domain.ErrTokenType,
// domain.ErrUserInactive, and domain.ErrInvalidToken for everything else that
// is wrong with it (domain.ErrTokenExpired and domain.ErrTokenRevoked are that too).
func (uc *Authorize) Bearer(ctx context.Context, token string) (domain.Principal, error) {
	claims, err := uc.Verifier.VerifyAccess(ctx, token)
	if err != nil {
		return domain.Principal{}, uc.denied(ctx, domain.Event{}, err)
	}
	principal, err := uc.Current(ctx, claims)
	if err != nil {
		return domain.Principal{}, uc.denied(ctx, domain.Event{Subject: claims.Subject, Session: claims.Session}, err)
	}
	return principal, nil
}

// Current returns the principal that verified claims stand for now. The
// errors are those of Bearer.
func (uc *Authorize) Current(ctx context.Context, claims *domain.AccessClaims) (domain.Principal, error) {
	if claims.Session == "" {
		return uc.service(ctx, claims)
	}
	state, err := uc.State.SessionState(ctx, claims.Session)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		// No token outlives its session's row, but for a deleted user's.
		return domain.Principal{}, domain.ErrUserInactive
	case err != nil:
		return domain.Principal{}, fmt.Errorf("read state of session %s: %w", claims.Session, err)
	case string(state.User.ID) != claims.Subject:
		return domain.Principal{}, domain.ErrInvalidToken.Because(errors.New("the session is another subject's"))
	}
	return state.Principal(uc.Journal.Clock.Now())
}

// service returns the principal of an access token that an API key obtained:
// it may no more than both the key and the token say.
func (uc *Authorize) service(ctx context.Context, claims *domain.AccessClaims) (domain.Principal, error) {
	key, err := uc.State.APIKeyState(ctx, domain.APIKeyID(claims.Subject))
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return domain.Principal{}, domain.ErrTokenRevoked
	case err != nil:
		return domain.Principal{}, fmt.Errorf("read state of API key %s: %w", claims.Subject, err)
	case !key.Active(uc.Journal.Clock.Now()):
		return domain.Principal{}, domain.ErrTokenRevoked
	}
	return key.Within(claims.Scope), nil
}

// Permit returns nil when the principal has what is required, and else
// domain.ErrInsufficientPermissions. The zero Requirement asks for nothing.
func (uc *Authorize) Permit(ctx context.Context, principal domain.Principal, required Requirement) error {
	if required.Met(principal) {
		return nil
	}
	event := domain.Event{
		Type: domain.AccessDenied, Subject: principal.Subject, Session: principal.Session,
		Details: map[string]string{"required": required.String()},
	}
	return uc.Journal.refuse(ctx, event, "insufficient_permissions", domain.ErrInsufficientPermissions)
}

// Granted records that somebody was let pass at a proxy.
func (uc *Authorize) Granted(ctx context.Context, principal domain.Principal) {
	uc.Journal.Record(ctx, domain.Event{Type: domain.AccessGranted, Subject: principal.Subject, Session: principal.Session})
}

// denied records a refusal; an error that is not one passes unrecorded.
func (uc *Authorize) denied(ctx context.Context, event domain.Event, err error) error {
	if !isUnauthenticated(err) {
		return err
	}
	event.Type = domain.AccessDenied
	return uc.Journal.refuse(ctx, event, reasonOf(err), err)
}
