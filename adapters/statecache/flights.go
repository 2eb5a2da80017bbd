package statecache

import (
	"context"
	"sync"
)

// flights let hot keys load once. For each key at most one load runs and at
// most one waits to begin.
type flights[V any] struct {
	mu   sync.Mutex
	keys map[string]*lane[V]
}

type lane[V any] struct {
	running *flight[V]
	next    *flight[V] // begins when running has landed
}

// flight is one load.
type flight[V any] struct {
	start uint64 // the position at which it began; set before it is running
	done  chan struct{}
	value V
	err   error
}

func newFlights[V any]() *flights[V] { return &flights[V]{keys: map[string]*lane[V]{}} }

// board returns a flight for key: the running one if joinable says that it
// began late enough for this caller, else one that begins after now.
func (fs *flights[V]) board(key string, joinable func(start uint64) bool, position func() uint64, load func(start uint64) (V, error)) *flight[V] {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	l := fs.keys[key]
	if l == nil {
		l = &lane[V]{}
		fs.keys[key] = l
	}
	switch {
	case l.running == nil:
		l.running = &flight[V]{done: make(chan struct{})}
		fs.begin(key, l, position, load)
		return l.running
	case joinable(l.running.start):
		return l.running
	case l.next == nil:
		l.next = &flight[V]{done: make(chan struct{})}
	}
	return l.next
}

// begin runs l.running, and after it l.next. The caller holds the lock.
func (fs *flights[V]) begin(key string, l *lane[V], position func() uint64, load func(start uint64) (V, error)) {
	f := l.running
	f.start = position()
	go func() {
		f.value, f.err = load(f.start)
		fs.mu.Lock()
		l.running, l.next = l.next, nil
		if l.running != nil {
			fs.begin(key, l, position, load)
		} else {
			delete(fs.keys, key)
		}
		fs.mu.Unlock()
		close(f.done)
	}()
}

// wait returns what the flight brought, or the context's error.
func (f *flight[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}
