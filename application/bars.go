package application

import (
	"sync"
	"time"
)

// bars remembers in this process which clients have used a budget of failures
// up, so that their next calls cost neither a query nor a word with the
// limiter. The limiter keeps the truth: what is forgotten here is learnt again
// with the next failure.
type bars struct {
	mu    sync.Mutex
	until map[bar]time.Time
}

type bar struct{ policy, client string }

// maxBars bounds the memory: some 2 MB.
const maxBars = 10_000

func newBars() *bars { return &bars{until: map[bar]time.Time{}} }

func (b *bars) ask(limit Limit, client string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.until) == 0 {
		return nil
	}
	key := bar{limit.Name, client}
	until, ok := b.until[key]
	switch {
	case !ok:
		return nil
	case !now.Before(until):
		delete(b.until, key)
		return nil
	}
	return limit.Exceeded(until.Sub(now))
}

func (b *bars) put(limit Limit, client string, now time.Time, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.until) >= maxBars {
		clear(b.until)
	}
	b.until[bar{limit.Name, client}] = now.Add(wait)
}
