package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.ChangeFeed = (*Storage)(nil)

// lookEvery is how often the file is looked at: how late another process'
// change can be.
const lookEvery = 25 * time.Millisecond

var everything = application.Change{Kind: application.ChangedEverything}

// foreignWrite notes that another process has written. What it wrote SQLite
// does not say, so everything may be other than remembered.
func (s *Storage) foreignWrite() {
	s.foreign.Add(1)
	s.Announce(everything)
}

// Follow implements application.ChangeFeed by looking at the file, on the one
// writing connection: to another, our own commits would be foreign. While that
// connection is busy nobody else can write, and when it began it looked.
func (s *Storage) Follow(ctx context.Context, follower application.ChangeFollower) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var told uint64
	follower.Changed(everything)
	for ctx.Err() == nil {
		began := time.Now()
		err := s.look(ctx)
		if foreign := s.foreign.Load(); foreign != told {
			told = foreign
			follower.Changed(everything)
		}
		if err == nil { // else nothing is proved, and the last beat lasts as long as it lasts
			follower.Beat(began)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	follower.Lost(ctx.Err())
}

func (s *Storage) look(ctx context.Context) error {
	return s.OnWriter(ctx, func(ctx context.Context, conn any) error {
		watched, ok := conn.(*watchedConn)
		if !ok {
			return errors.New("sqlite: the writing connection is not watched")
		}
		if err := watched.look(ctx); err != nil {
			return fmt.Errorf("look for other processes' writes: %w", err)
		}
		return nil
	})
}
