package sqlstore

import (
	"context"
	"time"
)

func (s leases) Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	return s.did(ctx, nil, s.q.Leases.Acquire, name, holder, at(now), at(until))
}

func (s leases) Release(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, nil, s.q.Leases.Release, name, holder)
	return err
}
