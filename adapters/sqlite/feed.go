package sqlite

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.ChangeFeed = (*Storage)(nil)

// lookEvery is how often the file is looked at: how late another process'
// change can be.
const lookEvery = 25 * time.Millisecond

// Follow implements application.ChangeFeed. SQLite says in PRAGMA data_version
// whether another connection has committed since the last look, and not what:
// then everything may be other than remembered. The one writing connection is
// asked, for to a reader our own commits would be foreign.
func (s *Storage) Follow(ctx context.Context, follower application.ChangeFollower) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	defer follower.Lost()
	var last int64 // never a version of SQLite's: they begin at 1
	for {
		began := time.Now()
		version, err := s.Number(ctx, "PRAGMA data_version")
		switch {
		case err != nil: // nothing is proved; the last beat lasts as long as it lasts
		case version != last:
			last = version
			follower.Changed(application.Change{Kind: application.ChangedEverything})
			fallthrough
		default:
			follower.Beat(began)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
