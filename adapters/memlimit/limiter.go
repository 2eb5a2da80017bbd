package memlimit

import (
	"context"
	"hash/maphash"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// DefaultEntries is how many keys are kept, unless Config says otherwise: some
// 30 MB when all are in use.
const DefaultEntries = 1 << 17

const shards = 64

// Config sizes a Limiter.
type Config struct {
	// Entries is how many keys are kept at most, in about equal parts by a
	// hash of their tags. 0: DefaultEntries.
	Entries int
}

var _ application.Limiter = (*Limiter)(nil)

// Limiter counts in memory. It never returns an error but
// domain.ErrRateLimited, and is safe for concurrent use.
type Limiter struct {
	clock  application.Clock
	seed   maphash.Seed
	shards [shards]shard
}

// New returns an empty limiter.
func New(cfg Config, clock application.Clock) *Limiter {
	if cfg.Entries <= 0 {
		cfg.Entries = DefaultEntries
	}
	l := &Limiter{clock: clock, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i] = shard{entries: map[string]*entry{}, limit: max(1, cfg.Entries/shards)}
	}
	return l
}

// open locks the shard of a tag.
func (l *Limiter) open(tag string) (s *shard, now int64) {
	s = &l.shards[maphash.String(l.seed, tag)%shards]
	s.mu.Lock()
	s.turn++
	return s, l.clock.Now().UnixMicro()
}

// Take takes from all budgets or from none.
func (l *Limiter) Take(_ context.Context, budgets ...application.Budget) (domain.LimitStatus, error) {
	if len(budgets) == 0 {
		return domain.LimitStatus{}, nil
	}
	s, now := l.open(application.Tag(budgets[0].Key))
	defer s.mu.Unlock()
	entries := make([]*entry, len(budgets))
	for i, b := range budgets {
		e := s.entry(b.Key, b.Limit.Name, now)
		if e.left(now, b.Limit) < 1 {
			return domain.LimitStatus{}, b.Limit.Exceeded(duration(e.free(b.Limit) - now))
		}
		entries[i] = e
	}
	var tightest domain.LimitStatus
	for i, b := range budgets {
		e := entries[i]
		e.take(now, b.Limit)
		if left := e.left(now, b.Limit); i == 0 || left < tightest.Remaining {
			tightest = b.Limit.Status(left, duration(e.more(now, b.Limit)-now))
		}
	}
	return tightest, nil
}

// Look asks the attempt's budgets.
func (l *Limiter) Look(_ context.Context, a application.Attempt) error {
	s, now := l.open(a.Tag())
	defer s.mu.Unlock()
	return s.attempt(a, now).refusal()
}

// Reserve takes a possible failure from each of the attempt's budgets.
func (l *Limiter) Reserve(_ context.Context, a application.Attempt) (bool, error) {
	s, now := l.open(a.Tag())
	defer s.mu.Unlock()
	t := s.attempt(a, now)
	if err := t.refusal(); err != nil || t.full() {
		return false, err
	}
	for _, b := range t.budgets() {
		b.failures.running = append(b.failures.running, lease{a.ID, now + application.ReservationLease.Microseconds()})
		b.save(now)
	}
	return true, nil
}

// Settle gives the reservation back, and counts a failure.
func (l *Limiter) Settle(_ context.Context, a application.Attempt, outcome application.AttemptOutcome) error {
	s, now := l.open(a.Tag())
	defer s.mu.Unlock()
	s.attempt(a, now).settle(outcome)
	return nil
}

// Reset forgets the failures of the attempt's account.
func (l *Limiter) Reset(_ context.Context, a application.Attempt) error {
	s, now := l.open(a.Tag())
	defer s.mu.Unlock()
	for key, e := range s.entries {
		if application.Tag(key) == a.Tag() && strings.Contains(key, "{") {
			running := e.failures.running
			e.failures, e.until = failures{running: running}, 0
		}
	}
	s.know(a, now)
	return nil
}

func duration(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }
