package statecache

import (
	"sync/atomic"
	"time"
)

// Window is how long after a beat was sent the cache is still believed.
const Window = 3 * time.Second

// freshness says until when everything that others changed is known to have
// arrived. Both clocks must agree: a wall clock that is set back must not
// prolong it, and neither must a machine that slept, whose monotonic clock
// stood still.
type freshness struct {
	until atomic.Pointer[time.Time] // nil: not fresh
	now   func() time.Time
}

// beat says that all that was committed before sent has arrived. Beats come
// from one goroutine.
func (f *freshness) beat(sent time.Time) {
	until := sent.Add(Window)
	if old := f.until.Load(); old == nil || old.Before(until) {
		f.until.Store(&until)
	}
}

func (f *freshness) lost() { f.until.Store(nil) }

func (f *freshness) fresh() bool {
	until, now := f.until.Load(), f.now()
	return until != nil && now.Before(*until) && now.Round(0).Before(until.Round(0))
}
