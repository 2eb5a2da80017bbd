package application

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Sweep deletes what is over: sessions and mailed tokens that have expired,
// audit events beyond their retention. It never forgets a reuse: a session's
// row outlives every token of the session.
type Sweep struct {
	Store     Store
	Clock     Clock
	Retention time.Duration // of audit events
}

// sweepBatch is how many rows one statement deletes: few enough that nobody waits.
const sweepBatch = 500

// Run deletes in batches until nothing is left to delete.
func (s *Sweep) Run(ctx context.Context) error {
	now := s.Clock.Now()
	return errors.Join(
		sweep(ctx, "sessions", now, s.Store.Sessions().Sweep),
		sweep(ctx, "mailed tokens", now, s.Store.MailTokens().Sweep),
		sweep(ctx, "audit events", now.Add(-s.Retention), s.Store.Audit().Sweep),
	)
}

func sweep(ctx context.Context, what string, before time.Time, batch func(context.Context, time.Time, int) (int, error)) error {
	for {
		n, err := batch(ctx, before, sweepBatch)
		if err != nil {
			return fmt.Errorf("sweep %s: %w", what, err)
		}
		if n < sweepBatch {
			return nil
		}
	}
}
