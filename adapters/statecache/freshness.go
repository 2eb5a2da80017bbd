package statecache

import (
	"sync/atomic"
	"time"
)

// Window is how long after a beat was sent the cache is still believed.
const Window = 3 * time.Second

// freshness says until when everything that others changed is known to have
// arrived. It counts on the monotonic clock: a wall clock that is set back
// must not prolong it.
type freshness struct {
	base  time.Time
	until atomic.Int64 // nanoseconds since base; 0: not fresh
	now   func() time.Time
}

func newFreshness(now func() time.Time) *freshness { return &freshness{base: now(), now: now} }

// beat says that all that was committed before sent has arrived.
func (f *freshness) beat(sent time.Time) {
	until := int64(sent.Sub(f.base) + Window)
	for {
		old := f.until.Load()
		if old >= until || f.until.CompareAndSwap(old, until) {
			return
		}
	}
}

func (f *freshness) lost() { f.until.Store(0) }

func (f *freshness) fresh() bool { return int64(f.now().Sub(f.base)) < f.until.Load() }
