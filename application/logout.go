package application

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// Logout ends sessions at their owner's wish.
type Logout struct {
	Journal  Journal
	Verifier TokenVerifier
}

// ByRefreshToken ends the session of a refresh token, whatever its generation:
// possession is enough. A session that is over already is no error; a token
// that was never ours is domain.ErrInvalidRefreshToken or domain.ErrTokenType.
func (uc *Logout) ByRefreshToken(ctx context.Context, token string) error {
	claims, err := uc.Verifier.VerifyRefresh(ctx, token)
	if errors.Is(err, domain.ErrTokenExpired) {
		return nil
	}
	if err != nil {
		return err
	}
	return uc.session(ctx, claims.Session, string(claims.Subject))
}

// ByAccessToken ends the session of an access token, which may be too old to
// open anything else. A session that is over already is no error. The errors
// are those of TokenVerifier.VerifyAccess.
func (uc *Logout) ByAccessToken(ctx context.Context, token string) error {
	claims, err := uc.Verifier.VerifyAccess(ctx, token)
	if err != nil && !errors.Is(err, domain.ErrTokenExpired) {
		return err
	}
	if claims.Session == "" {
		return domain.ErrInvalidToken // a service has no session to end
	}
	return uc.session(ctx, claims.Session, claims.Subject)
}

func (uc *Logout) session(ctx context.Context, id domain.SessionID, subject string) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		ended, err := tx.Sessions().Revoke(ctx, id, uc.Journal.Clock.Now())
		if err == nil && ended {
			note(domain.Event{Type: domain.SessionRevoked, Reason: "logout", Subject: subject, Session: id})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end session %s: %w", id, err)
	}
	return nil
}

// Everywhere ends every session of a user.
func (uc *Logout) Everywhere(ctx context.Context, id domain.UserID) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := tx.Users().User(ctx, id)
		if err != nil {
			return err
		}
		note(domain.Event{Type: domain.SessionsRevoked, Reason: "logout", Subject: string(id)})
		return endSessions(ctx, tx, user, uc.Journal)
	})
	if err != nil {
		return fmt.Errorf("end all sessions of user %s: %w", id, err)
	}
	return nil
}

// endSessions ends all sessions of a user by raising the version that they
// were issued under, and with them a change of address that one of them began.
func endSessions(ctx context.Context, tx Tx, user domain.User, j Journal) error {
	user.Version++
	if err := tx.Users().Update(ctx, touched(user, j.Clock.Now())); err != nil {
		return err
	}
	return tx.MailTokens().DeleteOf(ctx, user.ID, domain.MailChangeEmail)
}
