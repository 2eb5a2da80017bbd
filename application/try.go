package application

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// try is one try at a password: it waits for its turn among those of the same
// account and client, reserves a failure when it comes, and says what became
// of it. A try of the zero Throttle just waits for the queue.
type try struct {
	throttle Throttle
	attempt  Attempt
	reserved bool
	leave    func() // the gate; nil outside
}

const (
	// patience is how long a try waits for others of its account and client.
	patience = 2 * time.Second
	// recheck is how often it asks whether one on another replica has ended.
	recheck = 20 * time.Millisecond
)

// inTurn runs work when the turn comes, which includes a reservation. The
// errors are those of HashingQueue.Do, and domain.ErrRateLimited; then work
// never ran. After it one of the outcomes must be said.
func (y *try) inTurn(ctx context.Context, queue HashingQueue, work func()) error {
	line := OriginOf(ctx).Subscriber()
	if y.throttle.limiter == nil {
		return queue.Do(ctx, line, work)
	}
	limit := time.NewTimer(patience)
	defer limit.Stop()
	var err error
	if y.leave, err = y.throttle.gates.enter(ctx, y.attempt.Always[0].Key, limit.C); err != nil {
		return err
	}
	for {
		if queued := queue.Do(ctx, line, func() {
			if y.reserved, err = y.reserve(ctx); y.reserved {
				work()
			}
		}); queued != nil {
			return queued
		}
		if err != nil || y.reserved {
			return err
		}
		select {
		case <-time.After(recheck):
		case <-limit.C:
			return domain.ErrOverloaded.After(time.Second)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reserve asks on a goroutine of its own: a queue may run its work on a thread
// of low priority, and there a limiter that waits for its server would take it
// for gone. A caller who gives up leaves no reservation behind that nobody knows of.
func (y *try) reserve(ctx context.Context) (granted bool, err error) {
	ctx = context.WithoutCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		granted, err = y.throttle.limiter.Reserve(ctx, y.attempt)
	}()
	<-done
	return granted, err
}

func (y *try) failed(ctx context.Context)    { y.settle(ctx, AttemptFailed) }
func (y *try) succeeded(ctx context.Context) { y.settle(ctx, AttemptSucceeded) }

// end voids a try that nothing was learned from; one whose outcome was said
// stays as it is.
func (y *try) end(ctx context.Context) { y.settle(ctx, AttemptVoid) }

func (y *try) settle(ctx context.Context, outcome AttemptOutcome) {
	if y.reserved {
		y.reserved = false
		// Not settled, it becomes a failure by itself: the safe side.
		_ = y.throttle.limiter.Settle(context.WithoutCancel(ctx), y.attempt, outcome)
	}
	if y.leave != nil {
		y.leave()
		y.leave = nil
	}
}
