package hashqueue

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const (
	// DefaultDeadline is how long a work may wait for its turn.
	DefaultDeadline = 2 * time.Second
	// maxWaiting bounds what the queue may hold, however fast the works are.
	maxWaiting = 4096
)

// Config is what a Queue is told; zero members have defaults.
type Config struct {
	Workers  int           // works at once; 0: Workers(GOMAXPROCS)
	Deadline time.Duration // of a work's turn; 0: DefaultDeadline
}

// Workers returns how many workers suit so many cores: all of them where
// threads can give way to others, one fewer (but at least one) where not.
func Workers(cores int) int {
	if !givesWay {
		cores--
	}
	return max(cores, 1)
}

// Queue runs works in their turn. New makes one, Close ends it.
type Queue struct {
	deadline time.Duration
	workers  sync.WaitGroup

	mu     sync.Mutex // held for a few steps at most: a worker that holds it may be put aside by the system
	ready  sync.Cond  // there is a ticket, or the queue is closed
	line   line
	pace   pace
	closed bool
}

var _ application.HashingQueue = (*Queue)(nil)

// New returns a Queue whose workers run until Close.
func New(config Config) *Queue {
	if config.Workers <= 0 {
		config.Workers = Workers(runtime.GOMAXPROCS(0))
	}
	if config.Deadline <= 0 {
		config.Deadline = DefaultDeadline
	}
	q := &Queue{deadline: config.Deadline, line: newLine(), pace: newPace(config.Workers)}
	q.ready.L = &q.mu
	for worker := range config.Workers {
		q.workers.Go(func() { q.work(worker) })
	}
	return q
}

// Close refuses what waits and what comes, and returns when the running works
// are done. It may be called again.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	for ticket := q.line.next(); ticket != nil; ticket = q.line.next() {
		ticket.finish(outcome{err: domain.ErrUnavailable})
	}
	q.mu.Unlock()
	q.ready.Broadcast()
	q.workers.Wait()
}

// Admit answers for the client of the context's Origin, whose works Do takes
// under the name of its subscriber.
func (q *Queue) Admit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	client := application.OriginOf(ctx).Subscriber()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refusal(client)
}

// Do runs work on a worker. A panic of work goes on in the caller.
func (q *Queue) Do(ctx context.Context, client string, work func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if err := q.refusal(client); err != nil {
		q.mu.Unlock()
		return err
	}
	ticket := q.line.join(client, ctx.Err, work)
	q.mu.Unlock()
	q.ready.Signal()
	return q.wait(ctx, ticket)
}

// wait returns when the ticket's work is done, or has been given up in time.
func (q *Queue) wait(ctx context.Context, ticket *ticket) error {
	deadline := time.NewTimer(q.deadline)
	defer deadline.Stop()
	var gaveUp error
	select {
	case done := <-ticket.done:
		return done.result()
	case <-ctx.Done():
		gaveUp = ctx.Err()
	case <-deadline.C:
	}
	q.mu.Lock()
	left := q.line.leave(ticket)
	if left && gaveUp == nil {
		gaveUp = q.overloaded(ticket.client)
	}
	q.mu.Unlock()
	if !left { // it runs: nobody may touch its variables before it is done
		done := <-ticket.done
		return done.result()
	}
	return gaveUp
}

// refusal returns why client can't queue now, or nil. mu is held.
func (q *Queue) refusal(client string) error {
	if q.closed {
		return domain.ErrUnavailable
	}
	if q.line.waiting >= maxWaiting || q.estimate(client) > q.tolerated() {
		return q.overloaded(client)
	}
	return nil
}

// estimate returns how long client's next work would wait. mu is held.
func (q *Queue) estimate(client string) time.Duration {
	return q.pace.wait(q.line.ahead(client), time.Now())
}

// tolerated is the longest estimate that is let in. The quarter that is left
// is for works slower than the mean and for clients that come meanwhile: who
// is refused should hear it at once, not at the deadline.
func (q *Queue) tolerated() time.Duration { return q.deadline - q.deadline/4 }

// overloaded tells client when its next work would be let in, in whole
// seconds. mu is held.
func (q *Queue) overloaded(client string) error {
	excess := q.estimate(client) - q.tolerated()
	return domain.ErrOverloaded.After(max(excess+time.Second-1, time.Second).Truncate(time.Second))
}
