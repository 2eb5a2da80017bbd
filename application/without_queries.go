package application

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// What SQL says in a WHERE clause, a storage without a query language decides
// with these, so that no adapter states a rule of its own.

// Matches reports whether a user is one of those that are asked for.
func (f UserFilter) Matches(user domain.User) bool {
	return strings.HasPrefix(user.Email.String(), f.EmailPrefix) && (f.Role == "" || user.Has(f.Role)) &&
		(f.Active == nil || user.Active() == *f.Active)
}

// Matches reports whether an event is one of those that are asked for.
func (f AuditFilter) Matches(event domain.Event) bool {
	return (f.Subject == "" || event.Subject == f.Subject) && (f.Type == "" || event.Type == f.Type) &&
		(f.Since.IsZero() || !event.At.Before(f.Since)) && (f.Until.IsZero() || event.At.Before(f.Until))
}

// Move returns the session as the step leaves it, and whether the step moves
// it: SessionStore.Advance between reading and writing.
func (a Advance) Move(session domain.Session, user domain.User) (domain.Session, bool) {
	if session.UserID != a.User || session.Generation != a.From || !user.Active() || !session.Live(user, a.Now) {
		return session, false
	}
	if !a.Keep {
		session.Generation++
	}
	session.RotatedAt, session.IdleExpiresAt = a.Now, a.IdleExpiresAt
	if session.ExpiresAt.Before(session.IdleExpiresAt) {
		session.IdleExpiresAt = session.ExpiresAt
	}
	return session, true
}

// beatEvery is how often FollowNobody sends a beat.
const beatEvery = 500 * time.Millisecond

// FollowNobody is ChangeFeed.Follow of a storage that no other process can
// change: it only sends beats, until ctx ends.
func FollowNobody(ctx context.Context, follower ChangeFollower) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		follower.Beat(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
