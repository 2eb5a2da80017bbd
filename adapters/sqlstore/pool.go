package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/domain"
)

// How long a call may take.
const (
	// WaitTimeout is how long a call waits for a connection.
	WaitTimeout = time.Second
	// CallTimeout is how long a call takes at all.
	CallTimeout = 2 * time.Second
)

var errNoConnection = errors.New("all connections are in use")

// pool is a database with a bounded number of connections. Its slots are
// counted here, so that waiting for one can be told from waiting for an answer.
type pool struct {
	db    *sqlx.DB
	slots chan struct{}
}

// newPool bounds db to a number of connections, all kept open.
func newPool(db *sqlx.DB, size int) *pool {
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return &pool{db: db, slots: make(chan struct{}, size)}
}

// do runs work with a connection's worth of db, and a context that ends at the
// call's deadline and not with the caller: cancelling a statement costs a
// connection, and leaves a write in doubt that would be done in a moment.
func (p *pool) do(ctx context.Context, work func(ctx context.Context, db *sqlx.DB) error) error {
	deadline := time.Now().Add(CallTimeout)
	if err := p.acquire(ctx); err != nil {
		return err
	}
	defer p.release()
	return work(bounded{ctx, deadline}, p.db)
}

func (p *pool) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	wait := time.NewTimer(WaitTimeout)
	defer wait.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return domain.ErrUnavailable.Because(errNoConnection)
	}
}

func (p *pool) release() { <-p.slots }

// bounded is a context with a deadline that it leaves to the driver to keep:
// it is never done, so that nobody watches it in a goroutine of its own.
type bounded struct {
	context.Context // it is one
	deadline        time.Time
}

func (b bounded) Deadline() (time.Time, bool) { return b.deadline, true }
func (bounded) Done() <-chan struct{}         { return nil }
func (bounded) Err() error                    { return nil }

func (b bounded) over() bool { return !time.Now().Before(b.deadline) }
