package statecache

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/sallyport-auth/sallyport/application"
)

const stripes = 4096

// stamps say at which position something last changed.
type stamps struct {
	position   atomic.Uint64 // this process' own counter; it means nothing elsewhere
	striped    [stripes]atomic.Uint64
	roles      atomic.Uint64
	everything atomic.Uint64
	seed       maphash.Seed
}

// raise notes that something changed. The position is taken first: a load that
// starts at or above it asks storage after the change.
func (s *stamps) raise(change application.Change) {
	raiseTo(s.of(change.Kind, change.ID), s.position.Add(1))
}

// of returns the stamp of one thing.
func (s *stamps) of(kind application.ChangeKind, id string) *atomic.Uint64 {
	switch kind {
	case application.ChangedEverything:
		return &s.everything
	case application.ChangedRole:
		return &s.roles
	}
	var h maphash.Hash
	h.SetSeed(s.seed)
	_, _ = h.WriteString(string(kind)) // never fails
	_, _ = h.WriteString(id)
	return &s.striped[h.Sum64()%stripes]
}

func raiseTo(stamp *atomic.Uint64, position uint64) {
	for {
		old := stamp.Load()
		if old >= position || stamp.CompareAndSwap(old, position) {
			return
		}
	}
}

// guard is the stamps that one entry depends on.
type guard struct {
	own, user         *atomic.Uint64 // user is nil for what has none
	roles, everything *atomic.Uint64
}

// allows reports whether nothing that the guard watches changed after start.
func (g guard) allows(start uint64) bool {
	return g.own.Load() <= start &&
		(g.user == nil || g.user.Load() <= start) &&
		g.roles.Load() <= start &&
		g.everything.Load() <= start
}
