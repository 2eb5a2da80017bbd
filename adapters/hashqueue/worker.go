package hashqueue

import (
	"runtime"
	"time"
)

// work runs tickets until the queue is closed. The thread is never unlocked,
// so that it ends with the worker: no other goroutine inherits its priority.
func (q *Queue) work(worker int) {
	runtime.LockOSThread()
	giveWay()
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		t := q.line.next()
		if t == nil {
			if q.closed {
				return
			}
			q.ready.Wait()
			continue
		}
		if err := t.gone(); err != nil { // and whoever waits has not woken up yet
			t.finish(outcome{err: err})
			continue
		}
		q.pace.begin(worker, time.Now())
		q.mu.Unlock()
		done := run(t.work)
		q.mu.Lock()
		q.pace.end(worker, time.Now())
		t.finish(done)
	}
}

// run does the work. A panic belongs to whoever asked for it.
func run(work func()) (done outcome) {
	defer func() { done.panicked = recover() }()
	work()
	return outcome{}
}
