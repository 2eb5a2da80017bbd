package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// Sessions shows people where they are logged in, and ends what they point at.
type Sessions struct {
	Journal Journal
}

// List returns a page of the user's live sessions, the newest first.
// domain.ErrUserNotFound.
func (uc *Sessions) List(ctx context.Context, user domain.UserID, page Page[domain.SessionID]) ([]domain.Session, error) {
	if _, err := uc.Journal.Store.Users().User(ctx, user); err != nil {
		return nil, err
	}
	return uc.Journal.Store.Sessions().ListByUser(ctx, user, uc.Journal.Clock.Now(), page)
}

// Revoke ends one session of a user. domain.ErrNotFound when it is not theirs;
// one that is over already is no error.
func (uc *Sessions) Revoke(ctx context.Context, owner domain.UserID, id domain.SessionID) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		session, _, err := tx.Sessions().Session(ctx, id)
		if err != nil {
			return err
		}
		if session.UserID != owner {
			return domain.ErrNotFound
		}
		ended, err := tx.Sessions().Revoke(ctx, id, uc.Journal.Clock.Now())
		if err == nil && ended {
			note(domain.Event{Type: domain.SessionRevoked, Reason: "revoked", Subject: string(owner), Session: id})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke session %s: %w", id, err)
	}
	return nil
}

// RevokeAll ends every session of a user that caller reaches.
// domain.ErrUserNotFound, domain.ErrInsufficientPermissions.
func (uc *Sessions) RevokeAll(ctx context.Context, caller domain.Principal, id domain.UserID) error {
	err := uc.Journal.Change(ctx, func(ctx context.Context, tx Tx, note Note) error {
		user, err := reachedUser(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		note(domain.Event{Type: domain.SessionsRevoked, Reason: "revoked", Subject: string(id), Actor: caller.Subject})
		return endSessions(ctx, tx, user, uc.Journal)
	})
	if err != nil {
		return fmt.Errorf("revoke the sessions of user %s: %w", id, err)
	}
	return nil
}
