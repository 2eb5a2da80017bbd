package conformance

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

// hearingPatience is how long a hearing waits for what must come.
const hearingPatience = 20 * time.Second

// Heard is one thing that a feed told: changes, a beat or a loss.
type Heard struct {
	Changes []application.Change
	Beat    time.Time // when it was sent
	Lost    error
}

// Hearing takes down all that a storage tells of changes: its own and, from
// its feed, others'.
type Hearing struct {
	t    testing.TB
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	heard []Heard
	more  chan struct{} // closed with the next
}

var _ application.ChangeFollower = (*Hearing)(nil)

// Listen follows a storage until the test ends, or Stop.
func Listen(t testing.TB, s application.Storage) *Hearing {
	t.Helper()
	feed, ok := s.(application.ChangeFeed)
	if !ok {
		t.Fatalf("%T: got a storage that is no application.ChangeFeed, want one", s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &Hearing{t: t, stop: cancel, done: make(chan struct{}), more: make(chan struct{})}
	feed.OnChange(h.Changed)
	go func() {
		defer close(h.done)
		feed.Follow(ctx, h)
	}()
	t.Cleanup(h.Stop)
	return h
}

// Stop ends the following, and fails the test when that takes long.
func (h *Hearing) Stop() {
	h.stop()
	select {
	case <-h.done:
	case <-time.After(hearingPatience):
		h.t.Errorf("Follow: still runs %v after its context has ended, want it to return", hearingPatience)
	}
}

// Changed implements application.ChangeFollower.
func (h *Hearing) Changed(changes ...application.Change) { h.note(Heard{Changes: changes}) }

// Beat implements application.ChangeFollower.
func (h *Hearing) Beat(sent time.Time) { h.note(Heard{Beat: sent}) }

// Lost implements application.ChangeFollower.
func (h *Hearing) Lost(cause error) {
	if cause == nil {
		h.t.Error("Lost: got no cause, want one")
		cause = fmt.Errorf("no cause")
	}
	h.note(Heard{Lost: cause})
}

func (h *Hearing) note(one Heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, one)
	close(h.more)
	h.more = make(chan struct{})
}

// Len is how much was heard until now.
func (h *Hearing) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.heard)
}

// Since returns what was heard from a place on.
func (h *Hearing) Since(from int) []Heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.heard[from:len(h.heard):len(h.heard)]
}

// Changes returns the changes heard from a place on.
func (h *Hearing) Changes(from int) []application.Change {
	var all []application.Change
	for _, one := range h.Since(from) {
		all = append(all, one.Changes...)
	}
	return all
}

// changesBefore is how many changes were heard between two places.
func (h *Hearing) changesBefore(from, to int) int {
	n := 0
	for _, one := range h.Since(from)[:to-from] {
		n += len(one.Changes)
	}
	return n
}

// Await returns the place of the first from a place on that is wanted, and
// fails the test when none comes.
func (h *Hearing) Await(what string, from int, wanted func(Heard) bool) int {
	h.t.Helper()
	late := time.After(hearingPatience)
	for at := from; ; {
		h.mu.Lock()
		heard, more := h.heard, h.more
		h.mu.Unlock()
		for ; at < len(heard); at++ {
			if wanted(heard[at]) {
				return at
			}
		}
		select {
		case <-more:
		case <-late:
			h.t.Fatalf("%s: none came in %v; heard %v", what, hearingPatience, heard[from:])
		}
	}
}

// AwaitBeat returns the place of the first beat that was sent at or after a time.
func (h *Hearing) AwaitBeat(sent time.Time) int {
	h.t.Helper()
	return h.Await("beat", 0, func(one Heard) bool { return !one.Beat.IsZero() && !one.Beat.Before(sent) })
}

// AwaitLoss returns the place of the first loss from a place on.
func (h *Hearing) AwaitLoss(from int) int {
	h.t.Helper()
	return h.Await("loss", from, func(one Heard) bool { return one.Lost != nil })
}
