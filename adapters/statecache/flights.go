package statecache

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// patience is how long a load that may not join the running one waits for it
// to land before it begins beside it: long enough that a crowd asks together,
// short enough that a slow storage answers nobody twice as late.
const patience = 50 * time.Millisecond

// flights let hot keys load once.
type flights[V any] struct {
	mu    sync.Mutex
	lanes map[string]*lane[V]
}

// lane is the loads of one key that can be joined, or soon begin.
type lane[V any] struct {
	latest *flight[V] // to begin, of those that run
	next   *flight[V] // begins when latest has landed, or patience is over
}

// flight is one load. All but done is set before done is closed, and not read
// before; start is set before the flight is anybody's latest.
type flight[V any] struct {
	start    uint64 // the position at which it began
	began    time.Time
	load     func(start uint64) (V, error)
	done     chan struct{}
	value    V
	err      error
	panicked any
}

func newFlights[V any]() *flights[V] { return &flights[V]{lanes: map[string]*lane[V]{}} }

// board returns a flight for key: the one that runs if joinable says that it
// began late enough for this caller, else one that begins after now.
func (fs *flights[V]) board(key string, joinable func(start uint64) bool, position func() uint64, load func(start uint64) (V, error)) *flight[V] {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	l := fs.lanes[key]
	switch {
	case l == nil:
		l = &lane[V]{}
		fs.lanes[key] = l
		f := newFlight(load)
		fs.launch(key, l, f, position)
		return f
	case joinable(l.latest.start):
		return l.latest
	case l.next == nil:
		f := newFlight(load)
		l.next = f
		time.AfterFunc(patience-time.Since(l.latest.began), func() {
			fs.mu.Lock()
			defer fs.mu.Unlock()
			if l.next == f {
				fs.launch(key, l, f, position)
			}
		})
	}
	return l.next
}

func newFlight[V any](load func(start uint64) (V, error)) *flight[V] {
	return &flight[V]{load: load, done: make(chan struct{})}
}

// launch begins a flight. The caller holds the lock.
func (fs *flights[V]) launch(key string, l *lane[V], f *flight[V], position func() uint64) {
	l.latest, l.next = f, nil
	f.start, f.began = position(), time.Now()
	go func() {
		defer fs.land(key, l, f, position)
		f.value, f.err = f.load(f.start)
	}()
}

// land ends a flight, also one whose load panicked: whoever waits gets the
// panic, in a request's goroutine where somebody recovers.
func (fs *flights[V]) land(key string, l *lane[V], f *flight[V], position func() uint64) {
	if p := recover(); p != nil {
		f.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
	}
	fs.mu.Lock()
	if l.latest == f { // else a later one began before this has landed
		if l.next != nil {
			fs.launch(key, l, l.next, position)
		} else {
			delete(fs.lanes, key)
		}
	}
	fs.mu.Unlock()
	close(f.done)
}

// wait returns what the flight brought, or the context's error.
func (f *flight[V]) wait(ctx context.Context) (V, error) {
	select {
	case <-f.done:
		if f.panicked != nil {
			panic(f.panicked)
		}
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}
