package hashqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.TestHashingQueue(t, func(t *testing.T, workers int, deadline time.Duration) application.HashingQueue {
		return open(t, Config{Workers: workers, Deadline: deadline})
	})
}

func open(t *testing.T, config Config) *Queue {
	t.Helper()
	q := New(config)
	t.Cleanup(q.Close)
	return q
}

// bubble runs a test under a clock of its own.
func bubble(t *testing.T, run func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, run)
}

func of(t *testing.T, client string) context.Context {
	t.Helper()
	return application.WithOrigin(t.Context(), &application.Origin{Client: domain.Client{Address: client}})
}

func sleep(d time.Duration) func() { return func() { time.Sleep(d) } }

// busy puts n works of a second each into the queue, one after the other.
func busy(t *testing.T, q *Queue, client string, n int) {
	t.Helper()
	for range n {
		go func() { _ = q.Do(t.Context(), client, sleep(time.Second)) }()
		synctest.Wait()
	}
}

// measure lets the queue see works of a second.
func measure(t *testing.T, q *Queue) {
	t.Helper()
	if err := q.Do(t.Context(), "measured", sleep(time.Second)); err != nil {
		t.Fatalf("Do: %v", err)
	}
}

func TestTurnsGoRoundTheClientsAndEachInItsOwnOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 1, Deadline: time.Hour})
		busy(t, q, "holder", 1)
		var order []string
		for _, name := range []string{"a1", "a2", "a3", "b1", "c1", "c2", "a4"} {
			go func() { _ = q.Do(t.Context(), name[:1], func() { order = append(order, name) }) }()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []string{"a1", "b1", "c1", "a2", "c2", "a3", "a4"}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

func TestTheEstimateIsWhatIsLeftAndWhatIsAhead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 2, Deadline: time.Hour})
		estimate := func(client string) time.Duration {
			q.mu.Lock()
			defer q.mu.Unlock()
			return q.estimate(client)
		}
		check := func(when, client string, want time.Duration) {
			t.Helper()
			if got := estimate(client); got != want {
				t.Errorf("%s, for %s: got %v, want %v", when, client, got, want)
			}
		}
		check("idle", "a", 0)
		measure(t, q)
		busy(t, q, "a", 1)
		check("one of two workers busy", "a", 0)
		busy(t, q, "a", 1)
		check("both busy", "a", time.Second)
		busy(t, q, "a", 4)
		check("four of its own ahead", "a", 3*time.Second)
		check("one turn of another ahead", "b", 1500*time.Millisecond)
		time.Sleep(500 * time.Millisecond)
		check("half a second later", "a", 2500*time.Millisecond)
		busy(t, q, "b", 1)
		check("with another client, no more than all that waits", "a", 3*time.Second)
		time.Sleep(time.Minute)
		check("idle again", "a", 0)
	})
}

// leaver is the context of a client that has left while its goroutine has not
// been told yet.
type leaver struct {
	context.Context
	left atomic.Bool
}

func (l *leaver) Err() error {
	if l.left.Load() {
		return context.Canceled
	}
	return nil
}

func TestNoWorkRunsForAClientThatHasLeftAndWasNotHeardYet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 1, Deadline: time.Hour})
		busy(t, q, "holder", 1)
		ctx := &leaver{Context: t.Context()}
		returned := make(chan error, 1)
		go func() { returned <- q.Do(ctx, "gone", func() { t.Error("the work ran") }) }()
		synctest.Wait()
		ctx.left.Store(true)
		if err := <-returned; !errors.Is(err, context.Canceled) {
			t.Errorf("Do: got %v, want %v", err, context.Canceled)
		}
	})
}

func TestARefusalTellsWhenToComeAgainInWholeSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 1, Deadline: 4 * time.Second})
		measure(t, q)
		busy(t, q, "a", 9) // the first runs, two wait, the others are refused
		time.Sleep(300 * time.Millisecond)
		busy(t, q, "a", 1)
		for _, refused := range []struct {
			name string
			err  error
		}{{"Admit", q.Admit(of(t, "a"))}, {"Do", q.Do(t.Context(), "a", func() { t.Error("the refused work ran") })}} {
			var overloaded *domain.Error
			if !errors.As(refused.err, &overloaded) || !errors.Is(refused.err, domain.ErrOverloaded) || overloaded.RetryAfter != time.Second {
				t.Errorf("%s: got %v, want %v after 1s", refused.name, refused.err, domain.ErrOverloaded)
			}
		}
		if err := q.Admit(of(t, "b")); err != nil {
			t.Errorf("Admit of another client: got %v, want nil: its turn is next but one", err)
		}
	})
}

func TestWhoIsRefusedUnderLoadHearsItAtOnce(t *testing.T) {
	for _, clients := range []int{1, 3, 1000} {
		t.Run(fmt.Sprint(clients, " clients"), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				q := open(t, Config{Workers: 2, Deadline: 2 * time.Second})
				var done, late, atOnce atomic.Int64
				for i := range 4000 { // 25 s at 160 a second, ten times what two workers do
					go func() {
						asked, client := time.Now(), fmt.Sprint(i%clients)
						err := q.Admit(of(t, client))
						if err == nil {
							err = q.Do(t.Context(), client, sleep(time.Duration(75+i*37%101)*time.Millisecond)) // 125 on average
						}
						switch {
						case err == nil:
							done.Add(1)
						case time.Since(asked) > 0:
							late.Add(1)
						default:
							atOnce.Add(1)
						}
					}()
					time.Sleep(6250 * time.Microsecond)
				}
				if refused := late.Load() + atOnce.Load(); late.Load() > refused/100 {
					t.Errorf("got %d of %d refusals after a wait, want 1 %% at most", late.Load(), refused)
				}
				if limit := int64(25 * 16); done.Load() < limit*95/100 {
					t.Errorf("got %d works done, want 95 %% of %d at least", done.Load(), limit)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestTheQueueIsBoundedHoweverFastTheWorksAre(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 1, Deadline: 24 * time.Hour})
		busy(t, q, "holder", 1)
		ctx, cancel := context.WithCancel(t.Context())
		var refused atomic.Int64
		for i := range maxWaiting + 10 {
			go func() {
				if err := q.Do(ctx, fmt.Sprint(i%5), sleep(time.Second)); errors.Is(err, domain.ErrOverloaded) {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if got := refused.Load(); got != 10 {
			t.Errorf("got %d refused, want 10: %d wait", got, maxWaiting)
		}
		cancel()
		synctest.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.line.clients) != 0 || q.line.ring.Len() != 0 || q.line.waiting != 0 {
			t.Errorf("after all left: got %d clients, %d in the ring, %d waiting, want none",
				len(q.line.clients), q.line.ring.Len(), q.line.waiting)
		}
	})
}

func TestCloseWaitsForWhatRunsAndRefusesWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := New(Config{Workers: 1})
		finished := false
		running, waiting := make(chan error, 1), make(chan error, 1)
		go func() {
			running <- q.Do(t.Context(), "a", func() {
				time.Sleep(time.Second)
				finished = true
			})
		}()
		synctest.Wait()
		go func() { waiting <- q.Do(t.Context(), "a", func() { t.Error("the waiting work ran") }) }()
		synctest.Wait()
		began := time.Now()
		q.Close()
		if took := time.Since(began); !finished || took != time.Second {
			t.Errorf("Close returned after %v with the work finished: %t, want 1s and true", took, finished)
		}
		if err := <-running; err != nil {
			t.Errorf("the running Do: got %v, want nil", err)
		}
		for name, err := range map[string]error{
			"the waiting Do": <-waiting, "Do afterwards": q.Do(t.Context(), "a", func() {}), "Admit afterwards": q.Admit(t.Context()),
		} {
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("%s: got %v, want %v", name, err, domain.ErrUnavailable)
			}
		}
		q.Close()
	})
}

func TestAPanicGoesOnInTheCallerAndTheWorkerLives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := open(t, Config{Workers: 1})
		func() {
			defer func() {
				if got := recover(); got != "defect" {
					t.Errorf("recovered %v, want defect", got)
				}
			}()
			_ = q.Do(t.Context(), "a", func() { panic("defect") })
			t.Error("Do returned, want its work's panic")
		}()
		if err := q.Do(t.Context(), "a", func() {}); err != nil {
			t.Errorf("Do afterwards: %v", err)
		}
	})
}

func TestThereIsAtLeastOneWorker(t *testing.T) {
	t.Parallel()
	for cores, want := range map[int]int{0: 1, 1: 1} {
		if got := Workers(cores); got != want {
			t.Errorf("Workers(%d): got %d, want %d", cores, got, want)
		}
	}
	if got := open(t, Config{}); len(got.pace.since) < 1 || got.deadline != DefaultDeadline {
		t.Errorf("New of nothing: got %d workers and a deadline of %v, want one or more and %v", len(got.pace.since), got.deadline, DefaultDeadline)
	}
}
