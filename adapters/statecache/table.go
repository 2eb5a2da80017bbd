package statecache

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/sallyport-auth/sallyport/application"
)

// entry is what a load found, with the position at which it began.
type entry[V any] struct {
	start   uint64
	guard   guard
	expires time.Time // zero: never
	value   V
}

// table remembers one kind of state: of sessions, or of API keys.
type table[V any] struct {
	stamps  *stamps
	fresh   *freshness
	entries *otter.Cache[string, *entry[V]]
	flights *flights[*entry[V]]
	load    func(ctx context.Context, id string) (*entry[V], error) // value, guard and expiry
}

func newTable[V any](s *stamps, f *freshness, size int, load func(ctx context.Context, id string) (*entry[V], error)) *table[V] {
	return &table[V]{
		stamps: s, fresh: f, load: load,
		entries: otter.Must(&otter.Options[string, *entry[V]]{MaximumSize: size}),
		flights: newFlights[*entry[V]](),
	}
}

// read returns the state of id as it was at some time after the call, or as a
// valid entry has it.
func (t *table[V]) read(ctx context.Context, kind application.ChangeKind, id string) (V, error) {
	fresh := t.fresh.fresh()
	if fresh {
		if e, ok := t.entries.GetIfPresent(id); ok && t.valid(e) {
			return e.value, nil
		}
	}
	e, err := t.reload(ctx, kind, id, fresh)
	if err != nil {
		var none V
		return none, err
	}
	return e.value, nil
}

func (t *table[V]) valid(e *entry[V]) bool {
	return e.guard.allows(e.start) && (e.expires.IsZero() || t.fresh.now().Before(e.expires))
}

// reload asks storage. A load that was running when the caller came is good
// enough only if everything that had changed by then was stamped, that is
// while the feed is fresh, and only if it began after those changes. Whose
// user the session is, the caller learns from the load itself: when that
// user's stamp is above its start, the caller boards another.
func (t *table[V]) reload(ctx context.Context, kind application.ChangeKind, id string, fresh bool) (*entry[V], error) {
	arrival := t.stamps.position.Load()
	for {
		f := t.flights.board(id, func(start uint64) bool {
			return fresh && t.guardOf(kind, id).allows(start)
		}, t.stamps.position.Load, func(start uint64) (*entry[V], error) {
			return t.fetch(context.WithoutCancel(ctx), id, start)
		})
		e, err := f.wait(ctx)
		if err != nil || f.start >= arrival || e.guard.allows(f.start) {
			return e, err
		}
		fresh = false // it began before the caller came, and before a change of its user
	}
}

// guardOf returns the stamps that are known without the state itself.
func (t *table[V]) guardOf(kind application.ChangeKind, id string) guard {
	return guard{own: t.stamps.of(kind, id), roles: &t.stamps.roles, everything: &t.stamps.everything}
}

// fetch loads, and remembers the entry unless a later load's is there. It runs
// for everybody who waits, so no single caller's context ends it: storage has
// its own deadline.
func (t *table[V]) fetch(ctx context.Context, id string, start uint64) (*entry[V], error) {
	e, err := t.load(ctx, id)
	if err != nil {
		return nil, err
	}
	e.start = start
	t.entries.Compute(id, func(old *entry[V], found bool) (*entry[V], otter.ComputeOp) {
		if found && old.start > start {
			return old, otter.CancelOp
		}
		return e, otter.WriteOp
	})
	return e, nil
}
