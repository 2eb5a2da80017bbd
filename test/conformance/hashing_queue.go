package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// OpenQueue returns a hashing queue with so many workers, and closes it by
// t.Cleanup. It is called within a bubble of testing/synctest: goroutines and
// timers of the queue begin there, and end with t.
type OpenQueue func(t *testing.T, workers int, deadline time.Duration) application.HashingQueue

// TestHashingQueue proves a hashing queue, by a clock of its own: no case
// takes the time of which it tells. Admit is asked under the Origin of the
// client, as the use cases ask.
func TestHashingQueue(t *testing.T, open OpenQueue) {
	for _, c := range queueCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { c.run(t, open) })
		})
	}
}

var queueCases = []struct {
	name string
	run  func(t *testing.T, open OpenQueue)
}{
	{"an idle queue admits, and runs a work at once", func(t *testing.T, open OpenQueue) {
		q := open(t, 1, time.Second)
		began, ran := time.Now(), false
		for range 1000 { // reserves nothing
			succeed(t, "Admit", q.Admit(from(t.Context(), "a")))
		}
		succeed(t, "Do", q.Do(t.Context(), "a", func() { ran = true }))
		if waited := time.Since(began); !ran || waited > 0 {
			t.Errorf("got ran %t after %v, want true after 0s", ran, waited)
		}
	}},
	{"as many works run at once as there are workers, and none idles while another waits", func(t *testing.T, open OpenQueue) {
		const workers, works = 3, 12
		q := open(t, workers, time.Hour)
		began := time.Now()
		var running, most atomic.Int64
		together(works, func(i int) {
			succeed(t, "Do", q.Do(t.Context(), fmt.Sprint("client ", i%4), func() {
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Second)
				running.Add(-1)
			}))
		})
		if took := time.Since(began); most.Load() != workers || took != works/workers*time.Second {
			t.Errorf("got at most %d at once and %v for all, want %d and %v", most.Load(), took, workers, works/workers*time.Second)
		}
	}},
	{"clients take turns", func(t *testing.T, open OpenQueue) {
		q := open(t, 1, time.Hour)
		release := hold(t, q)
		var order []string
		for _, client := range []string{"many", "many", "many", "many", "one", "another"} {
			go func() { succeed(t, "Do", q.Do(t.Context(), client, func() { order = append(order, client) })) }()
			synctest.Wait()
		}
		release()
		synctest.Wait()
		third := -1
		for i, seen := 0, 0; i < len(order); i++ {
			if order[i] == "many" {
				if seen++; seen == 3 {
					third = i
				}
			}
		}
		if len(order) != 6 || slices.Index(order, "one") > third || slices.Index(order, "another") > third {
			t.Errorf("order of works: got %v, want one and another before the third of many", order)
		}
	}},
	{"a work whose turn does not come by the deadline is refused, and never runs", func(t *testing.T, open OpenQueue) {
		const deadline = 2 * time.Second
		q := open(t, 1, deadline)
		release := hold(t, q)
		began := time.Now()
		overloaded(t, "Do", q.Do(t.Context(), "late", func() { t.Error("the refused work ran") }))
		if waited := time.Since(began); waited > deadline {
			t.Errorf("refused after %v, want %v at most", waited, deadline)
		}
		release()
		time.Sleep(time.Minute)
		succeed(t, "Do afterwards", q.Do(t.Context(), "late", func() {}))
	}},
	{"what would wait too long is not admitted, until it would not", func(t *testing.T, open OpenQueue) {
		const deadline, work = 3 * time.Second, time.Second
		q := open(t, 1, deadline)
		ctx := from(t.Context(), "busy")
		for range 5 { // so that it knows how long works take
			succeed(t, "Do", q.Do(ctx, "busy", func() { time.Sleep(work) }))
		}
		began := time.Now()
		var done, refused atomic.Int64
		for range 20 {
			go func() {
				if err := q.Do(ctx, "busy", func() { time.Sleep(work) }); err != nil {
					overloaded(t, "Do", err)
					refused.Add(1)
				} else {
					done.Add(1)
				}
				if waited := time.Since(began); waited > deadline+work {
					t.Errorf("Do returned after %v, want a turn or a refusal within %v", waited, deadline)
				}
			}()
		}
		synctest.Wait()
		overloaded(t, "Admit", q.Admit(ctx))
		time.Sleep(time.Minute)
		if done.Load() < 2 || done.Load() > 4 || done.Load()+refused.Load() != 20 {
			t.Errorf("of 20 works of %v within %v: got %d done and %d refused, want 2 to 4 done and the others refused",
				work, deadline, done.Load(), refused.Load())
		}
		succeed(t, "Admit afterwards", q.Admit(ctx))
	}},
	{"a context that has ended is refused, and its work never runs", func(t *testing.T, open OpenQueue) {
		q := open(t, 1, time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := q.Do(ctx, "gone", func() { t.Error("the work ran") }); !errors.Is(err, context.Canceled) {
			t.Errorf("Do: got %v, want %v", err, context.Canceled)
		}
		time.Sleep(time.Second)
	}},
	{"a waiter that gives up returns at once, is skipped and leaves its place to others", func(t *testing.T, open OpenQueue) {
		q := open(t, 1, time.Hour)
		release := hold(t, q)
		ctx, cancel := context.WithCancel(t.Context())
		var gone, stayed atomic.Int64
		for i := range 100 {
			go func() {
				if err := q.Do(ctx, fmt.Sprint("gone ", i%3), func() { t.Error("the work of one who left ran") }); !errors.Is(err, context.Canceled) {
					t.Errorf("Do: got %v, want %v", err, context.Canceled)
				}
				gone.Add(1)
			}()
		}
		go func() { succeed(t, "Do", q.Do(t.Context(), "stays", func() { stayed.Add(1) })) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if gone.Load() != 100 || stayed.Load() != 0 {
			t.Errorf("after the end: got %d returned and %d run, want 100 and 0", gone.Load(), stayed.Load())
		}
		release()
		synctest.Wait()
		if stayed.Load() != 1 {
			t.Errorf("after the release: got %d run, want 1 at once", stayed.Load())
		}
	}},
	{"a work that has begun is waited for, although its context ends", func(t *testing.T, open OpenQueue) {
		q := open(t, 1, time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		done := false
		err := q.Do(ctx, "a", func() {
			cancel()
			time.Sleep(time.Minute)
			done = true
		})
		if err != nil || !done {
			t.Errorf("Do: got %v, done %t, want success when it is done", err, done)
		}
	}},
	{"under ten times its load it still does all that it can", overload},
}

// overload sends ten times what two workers can do for half a minute, from
// seven clients, of which one sends most. Every third caller gives up early.
func overload(t *testing.T, open OpenQueue) {
	const (
		workers, deadline, work = 2, 2 * time.Second, 100 * time.Millisecond
		lasts, every, patience  = 30 * time.Second, 5 * time.Millisecond, 302_500 * time.Microsecond // never the moment in which a turn comes
	)
	q := open(t, workers, deadline)
	began := time.Now()
	var done atomic.Int64
	for i := 0; time.Since(began) < lasts; i++ {
		client := fmt.Sprint("client ", max(i%12-5, 0))
		go func() {
			ctx, cancel := context.WithCancel(from(t.Context(), client))
			defer cancel()
			if i%3 == 0 {
				time.AfterFunc(patience, cancel)
			}
			if q.Admit(ctx) != nil {
				return
			}
			asked := time.Now()
			if err := q.Do(ctx, client, func() {
				if ctx.Err() != nil {
					t.Error("a work ran for somebody who had left")
				}
				time.Sleep(work)
				if time.Since(began) <= lasts {
					done.Add(1)
				}
			}); err != nil && !errors.Is(err, context.Canceled) {
				overloaded(t, "Do", err)
			}
			if waited := time.Since(asked); waited > deadline+work {
				t.Errorf("Do returned after %v, want a turn or a refusal within %v", waited, deadline)
			}
		}()
		time.Sleep(every)
	}
	limit := int64(workers * lasts / work)
	if done.Load() < limit*95/100 {
		t.Errorf("got %d works done, want 95 %% of %d at least", done.Load(), limit)
	}
	time.Sleep(time.Minute)
}

// hold keeps the one worker of a queue busy until release is called.
func hold(t *testing.T, q application.HashingQueue) (release func()) {
	t.Helper()
	held := make(chan struct{})
	go func() { succeed(t, "Do", q.Do(t.Context(), "holder", func() { <-held })) }()
	synctest.Wait()
	return func() { close(held) }
}

// from returns the context of a request of the client.
func from(ctx context.Context, client string) context.Context {
	return application.WithOrigin(ctx, &application.Origin{Client: domain.Client{Address: client}})
}

// overloaded tells whether err is the refusal of a queue, with the time to come again.
func overloaded(t *testing.T, what string, err error) {
	t.Helper()
	var refusal *domain.Error
	if !errors.Is(err, domain.ErrOverloaded) || !errors.As(err, &refusal) || refusal.RetryAfter <= 0 {
		t.Errorf("%s: got %v, want %v with RetryAfter", what, err, domain.ErrOverloaded)
	}
}
