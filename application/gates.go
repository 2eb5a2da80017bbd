package application

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// gates lets a few tries at once through for each account and client of this
// process, in the order of their coming, so that those that must wait anyway
// do not ask the limiter over and over.
type gates struct {
	mu    sync.Mutex
	gates map[string]*gate
}

type gate struct {
	places chan struct{}
	guests int // inside or waiting
}

func newGates() *gates { return &gates{gates: map[string]*gate{}} }

// enter waits for a place. domain.ErrOverloaded when enough comes first, and
// the context's error when that ends.
func (g *gates) enter(ctx context.Context, key string, enough <-chan time.Time) (leave func(), err error) {
	g.mu.Lock()
	door, ok := g.gates[key]
	if !ok {
		door = &gate{places: make(chan struct{}, maxParallelAttempts)}
		g.gates[key] = door
	}
	door.guests++
	g.mu.Unlock()

	depart := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if door.guests--; door.guests == 0 {
			delete(g.gates, key)
		}
	}
	select {
	case door.places <- struct{}{}:
		return func() { <-door.places; depart() }, nil
	case <-enough:
		err = domain.ErrOverloaded.After(time.Second)
	case <-ctx.Done():
		err = ctx.Err()
	}
	depart()
	return nil, err
}
