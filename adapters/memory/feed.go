package memory

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.ChangeFeed = (*Store)(nil)

// OnChange sets who is told of changes, before the store is used.
func (s *Store) OnChange(tell func(...application.Change)) { s.tell = tell }

// Follow only sends beats, until ctx ends: no other process changes anything.
func (s *Store) Follow(ctx context.Context, follower application.ChangeFollower) {
	application.FollowNobody(ctx, follower)
}
