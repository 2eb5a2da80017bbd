package hashqueue

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Config is what the queue can be told.
type Config struct {
	Workers  int           // 0: DefaultWorkers
	Deadline time.Duration // the longest wait for a turn; 0: 2 s
}

// DefaultWorkers is how many hashes run at once.
func DefaultWorkers() int {
	if lowPriority {
		return runtime.NumCPU()
	}
	return max(1, runtime.NumCPU()/2) // nothing makes them yield, so leave cores to the rest
}

// Queue is an application.HashingQueue. Close it after use.
type Queue struct {
	deadline time.Duration
	workers  int
	stopped  sync.WaitGroup

	mu      sync.Mutex
	ready   sync.Cond
	lines   map[string]*list.List // of *turn, by client
	round   *list.List            // of the lines' clients, in the order of service
	waiting int
	running int
	mean    time.Duration // of the work, exponentially weighted; 0: not known yet
	closed  bool
}

var _ application.HashingQueue = (*Queue)(nil)

// turn is one piece of work that waits, runs, or is done.
type turn struct {
	work    func()
	client  string
	element *list.Element // in its line while it waits; nil after
	done    chan struct{}
	panic   any
}

// New starts the workers.
func New(config Config) *Queue {
	if config.Workers <= 0 {
		config.Workers = DefaultWorkers()
	}
	if config.Deadline <= 0 {
		config.Deadline = 2 * time.Second
	}
	q := &Queue{deadline: config.Deadline, workers: config.Workers, lines: map[string]*list.List{}, round: list.New()}
	q.ready.L = &q.mu
	for range q.workers {
		q.stopped.Go(q.serve)
	}
	return q
}

// Admit implements application.HashingQueue.
func (q *Queue) Admit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.admit()
}

// admit refuses what would wait longer than the deadline. The caller holds the lock.
func (q *Queue) admit() error {
	if q.closed {
		return domain.ErrOverloaded.After(time.Second)
	}
	if wait := q.estimate(); wait > q.deadline {
		return domain.ErrOverloaded.After(wait - q.deadline)
	}
	return nil
}

// estimate says how long work that queued now would wait.
func (q *Queue) estimate() time.Duration {
	ahead := q.waiting + q.running - q.workers + 1
	if ahead <= 0 {
		return 0
	}
	if q.mean == 0 { // nothing has finished yet: let in a few, and see
		if q.waiting >= 4*q.workers {
			return q.deadline + time.Second
		}
		return 0
	}
	return time.Duration(ahead) * q.mean / time.Duration(q.workers)
}

// Do implements application.HashingQueue. A panic of work is the caller's.
func (q *Queue) Do(ctx context.Context, client string, work func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &turn{work: work, client: client, done: make(chan struct{})}
	if err := q.enter(t); err != nil {
		return err
	}
	deadline := time.NewTimer(q.deadline)
	defer deadline.Stop()
	select {
	case <-t.done:
	case <-ctx.Done():
		if q.leave(t) {
			return context.Cause(ctx)
		}
	case <-deadline.C:
		if q.leave(t) {
			return domain.ErrOverloaded.After(time.Second)
		}
	}
	<-t.done // it runs: nothing can stop a hash half-way
	if t.panic != nil {
		panic(t.panic)
	}
	return nil
}

func (q *Queue) enter(t *turn) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.admit(); err != nil {
		return err
	}
	line := q.lines[t.client]
	if line == nil {
		line = list.New()
		q.lines[t.client] = line
		q.round.PushBack(t.client)
	}
	t.element = line.PushBack(t)
	q.waiting++
	q.ready.Signal()
	return nil
}

// leave takes a turn out of its line, and reports whether it still waited.
func (q *Queue) leave(t *turn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.element == nil {
		return false
	}
	q.lines[t.client].Remove(t.element) // an empty line goes when the round comes to it
	t.element = nil
	q.waiting--
	return true
}

// next takes the first turn of the client whose turn it is. The caller holds
// the lock, and somebody waits.
func (q *Queue) next() *turn {
	for {
		front := q.round.Front()
		client, _ := front.Value.(string)
		line := q.lines[client]
		first := line.Front()
		if first == nil {
			q.round.Remove(front)
			delete(q.lines, client)
			continue
		}
		q.round.MoveToBack(front)
		t, _ := line.Remove(first).(*turn)
		t.element = nil
		q.waiting--
		return t
	}
}

// serve is one worker.
func (q *Queue) serve() {
	runtime.LockOSThread() // never unlocked: the thread ends with the worker, and its priority with it
	lowerPriority()
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for q.waiting == 0 && !q.closed {
			q.ready.Wait()
		}
		if q.waiting == 0 {
			return
		}
		t := q.next()
		q.running++
		q.mu.Unlock()
		began := time.Now()
		t.run()
		took := time.Since(began)
		q.mu.Lock()
		q.running--
		q.learn(took)
		close(t.done)
	}
}

func (t *turn) run() {
	defer func() { t.panic = recover() }()
	t.work()
}

// learn moves the mean a fifth of the way to the newest measurement.
func (q *Queue) learn(took time.Duration) {
	if q.mean == 0 {
		q.mean = took
		return
	}
	q.mean += (took - q.mean) / 5
}

// Close refuses new work, finishes what waits, and returns when the workers
// have stopped.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.ready.Broadcast()
	q.mu.Unlock()
	q.stopped.Wait()
}
