package memory

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.ChangeFeed = (*Store)(nil)

// beatEvery is how often a follower hears that it has missed nothing.
const beatEvery = 500 * time.Millisecond

// OnChange sets who is told of changes, before the store is used.
func (s *Store) OnChange(tell func(...application.Change)) { s.tell = tell }

// Follow only sends beats, until ctx ends: no other process changes anything.
func (s *Store) Follow(ctx context.Context, follower application.ChangeFollower) {
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
