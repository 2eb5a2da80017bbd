package application

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// LastUsed collects when API keys were last presented, and stores it once a
// minute in one batch: a use itself writes nothing. Each replica stores what
// it saw; the later time wins. A crash loses a minute.
type LastUsed struct {
	Store  Store
	Failed func(error) // is told when a batch was not stored; the next one has it

	mu   sync.Mutex
	used map[domain.APIKeyID]time.Time // no more than there are keys
}

const (
	lastUsedEvery  = time.Minute
	lastUsedFinish = time.Second // how long the last batch may take at a shutdown
)

// note takes down a use. The nil LastUsed takes down nothing.
func (u *LastUsed) note(id domain.APIKeyID, now time.Time) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used == nil {
		u.used = map[domain.APIKeyID]time.Time{}
	}
	if u.used[id].Before(now) {
		u.used[id] = now
	}
}

// Run stores what was noted until ctx ends, and once more then.
func (u *LastUsed) Run(ctx context.Context) {
	ticker := time.NewTicker(lastUsedEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
			u.flush(ctx)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastUsedFinish)
	defer cancel()
	u.flush(last)
}

func (u *LastUsed) flush(ctx context.Context) {
	u.mu.Lock()
	batch := u.used
	u.used = nil
	u.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	if err := u.Store.APIKeys().Touch(ctx, batch); err != nil {
		for id, at := range batch {
			u.note(id, at)
		}
		u.Failed(err)
	}
}
