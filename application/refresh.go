package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Refresh moves a session one generation forward. Parallel tabs, retries and
// lost answers converge on one successor within the grace; an older token
// ends the session.
type Refresh struct {
	Journal  Journal
	Grants   Grants
	Verifier TokenVerifier
	// Throttle limits refreshes; the zero Throttle limits none.
	Throttle Throttle
}

// Do returns the tokens of the session's next generation.
// domain.ErrInvalidRefreshToken and domain.ErrTokenType for a token that is
// worth nothing; domain.ErrRateLimited; any other error says that nothing is
// known, and never that the session is over.
func (uc *Refresh) Do(ctx context.Context, token string) (domain.Tokens, error) {
	if err := uc.Throttle.refresh(ctx); err != nil {
		return domain.Tokens{}, uc.Journal.limited(ctx, err)
	}
	tokens, err := uc.advance(ctx, token)
	if err != nil && isUnauthenticated(err) {
		if limited := uc.Throttle.refreshFailed(ctx); limited != nil {
			return domain.Tokens{}, uc.Journal.limited(ctx, limited)
		}
	}
	return tokens, err
}

func (uc *Refresh) advance(ctx context.Context, token string) (domain.Tokens, error) {
	claims, err := uc.Verifier.VerifyRefresh(ctx, token)
	if err != nil {
		if isUnauthenticated(err) {
			uc.Journal.Record(ctx, domain.Event{Type: domain.TokenRefused, Outcome: domain.Failure, Reason: reasonOf(err)})
		}
		return domain.Tokens{}, err
	}
	if err := uc.Throttle.session(ctx, claims.Session); err != nil {
		return domain.Tokens{}, uc.Journal.limited(ctx, err)
	}
	now := uc.Journal.Clock.Now()
	const attempts = 3
	for range attempts {
		session, user, moved, err := uc.Journal.Store.Sessions().Advance(ctx, Advance{
			Session: claims.Session, User: claims.Subject, From: claims.Generation,
			Now: now, IdleExpiresAt: uc.Grants.Lifetimes.IdleExpiry(now), Keep: !uc.Grants.Rotation,
		})
		switch {
		case errors.Is(err, domain.ErrNotFound):
			return domain.Tokens{}, uc.refuse(ctx, claims, "session_unknown")
		case err != nil:
			return domain.Tokens{}, fmt.Errorf("advance session %s: %w", claims.Session, err)
		case moved:
			return uc.succeed(ctx, session, user, now, "")
		}
		verdict, reason := session.Judge(user, domain.Presented{Subject: claims.Subject, Generation: claims.Generation}, now, uc.Grants.Grace)
		switch {
		case verdict == domain.Over:
			return domain.Tokens{}, uc.refuse(ctx, claims, reason)
		case verdict == domain.Replay, repeatedByDriver(session, claims, now):
			return uc.succeed(ctx, session, user, now, "replay")
		case verdict == domain.Reuse:
			return domain.Tokens{}, uc.end(ctx, claims, now)
		}
		// Current, yet it did not move: somebody changed the row in between.
	}
	return domain.Tokens{}, domain.ErrUnavailable.Because(fmt.Errorf("session %s kept moving away", claims.Session))
}

// repeatedByDriver reports whether this very call moved the session already:
// its connection broke after the commit, and database/sql sent it again.
func repeatedByDriver(s domain.Session, claims domain.RefreshClaims, now time.Time) bool {
	return s.Generation == claims.Generation+1 && s.RotatedAt.Equal(now)
}

func (uc *Refresh) succeed(ctx context.Context, session domain.Session, user domain.User, now time.Time, reason string) (domain.Tokens, error) {
	tokens, err := uc.Grants.mint(ctx, session, user, now)
	if err != nil {
		return domain.Tokens{}, err
	}
	uc.Journal.Record(ctx, domain.Event{Type: domain.TokenRefreshed, Reason: reason, Subject: string(user.ID), Session: session.ID})
	return tokens, nil
}

func (uc *Refresh) refuse(ctx context.Context, claims domain.RefreshClaims, reason string) error {
	event := domain.Event{Type: domain.TokenRefused, Subject: string(claims.Subject), Session: claims.Session}
	return uc.Journal.refuse(ctx, event, reason, domain.ErrInvalidRefreshToken)
}

// end ends a session whose token was used again: committed first, reported
// after. If it can't be committed, the next attempt judges Reuse again.
func (uc *Refresh) end(ctx context.Context, claims domain.RefreshClaims, now time.Time) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		ended, err := tx.Sessions().Revoke(ctx, claims.Session, now)
		if err == nil && ended {
			note(domain.Event{
				Type: domain.TokenReuseDetected, Outcome: domain.Failure, Reason: "reuse",
				Subject: string(claims.Subject), Session: claims.Session,
			})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end session %s after reuse: %w", claims.Session, err)
	}
	return domain.ErrInvalidRefreshToken
}
