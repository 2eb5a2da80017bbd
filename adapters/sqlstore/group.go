package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// maxGroup is how many writes share a transaction at most.
const maxGroup = 256

// groupWriter commits together what waits together for the one connection that
// writes. Each write is one statement, so that one which fails leaves nothing
// in the transaction of the others; a failed COMMIT is the failure of all.
type groupWriter struct {
	dialect *Dialect
	pool    *pool

	mu    sync.Mutex
	queue []*queuedWrite
}

type queuedWrite struct {
	do   work
	err  error
	done chan struct{}
}

func newGroupWriter(dialect *Dialect, pool *pool) *groupWriter {
	return &groupWriter{dialect: dialect, pool: pool}
}

// do queues a write. Whoever gets the connection next writes for everybody who
// is queued by then, and the others find theirs done.
func (g *groupWriter) do(ctx context.Context, do work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &queuedWrite{do: do, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.mu.Unlock()

	wait := time.NewTimer(WaitTimeout)
	defer wait.Stop()
	select {
	case g.pool.slots <- struct{}{}:
		defer g.pool.release()
		g.lead(ctx, w)
	case <-w.done:
	case <-ctx.Done():
		return g.leave(w, ctx.Err())
	case <-wait.C:
		return g.leave(w, domain.ErrUnavailable.Because(errNoConnection))
	}
	return w.err
}

// lead writes groups until w is done.
func (g *groupWriter) lead(ctx context.Context, w *queuedWrite) {
	for {
		select {
		case <-w.done:
			return
		default:
		}
		g.settle(bounded{ctx, time.Now().Add(CallTimeout)}, g.next())
	}
}

var errPanicked = errors.New("another write of the same group panicked")

// settle writes a group and lets its writers go, also when one of them panics:
// it is the leader who carries the panic on, and nobody waits for ever.
func (g *groupWriter) settle(ctx context.Context, group []*queuedWrite) {
	defer func() {
		for _, written := range group {
			close(written.done)
		}
	}()
	written := false
	defer func() {
		if !written {
			fail(group, domain.ErrUnavailable.Because(errPanicked))
		}
	}()
	g.write(ctx, group)
	written = true
}

func (g *groupWriter) next() []*queuedWrite {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), maxGroup)
	group := g.queue[:n:n]
	g.queue = slices.Clone(g.queue[n:])
	return group
}

// leave gives a write up for a reason, or waits for it when it is being done.
func (g *groupWriter) leave(w *queuedWrite, reason error) error {
	g.mu.Lock()
	i := slices.Index(g.queue, w)
	if i >= 0 {
		g.queue = slices.Delete(slices.Clone(g.queue), i, i+1)
	}
	g.mu.Unlock()
	if i >= 0 {
		return reason
	}
	<-w.done
	return w.err
}

// write runs a group in one transaction and leaves each its error.
func (g *groupWriter) write(ctx context.Context, group []*queuedWrite) {
	tx, err := g.pool.db.BeginTxx(ctx, &sql.TxOptions{Isolation: g.dialect.Isolation})
	if err != nil {
		fail(group, g.dialect.translate("begin a transaction", err))
		return
	}
	defer tx.Rollback() // says only that it is over already, but for a panic
	for _, w := range group {
		w.err = w.do(ctx, tx)
		if errors.Is(w.err, domain.ErrUnavailable) { // it took the whole transaction with it
			fail(group, w.err)
			return
		}
	}
	if err := g.dialect.translate("commit", tx.Commit()); err != nil {
		fail(group, err)
	}
}

// fail gives err to those who have none of their own.
func fail(group []*queuedWrite, err error) {
	for _, w := range group {
		if w.err == nil {
			w.err = err
		}
	}
}
