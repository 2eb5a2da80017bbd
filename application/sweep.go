package application

import (
	"context"
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
	for what, sweep := range map[string]func(context.Context) (int, error){
		"sessions":      func(ctx context.Context) (int, error) { return s.Store.Sessions().Sweep(ctx, now, sweepBatch) },
		"mailed tokens": func(ctx context.Context) (int, error) { return s.Store.MailTokens().Sweep(ctx, now, sweepBatch) },
		"audit events": func(ctx context.Context) (int, error) {
			return s.Store.Audit().Sweep(ctx, now.Add(-s.Retention), sweepBatch)
		},
	} {
		for {
			n, err := sweep(ctx)
			if err != nil {
				return fmt.Errorf("sweep %s: %w", what, err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return nil
}
