package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// maxAttempts is how often a transaction runs while rivals get in its way.
const maxAttempts = 20

var errTooLong = errors.New("the transaction took too long")

// Atomically runs fn in a serializable transaction.
func (s *Store) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	return s.write.do(ctx, func(limit context.Context, db *sqlx.DB) error {
		var err error
		for attempt := range maxAttempts {
			if attempt > 0 {
				if stop := pause(ctx, attempt); stop != nil {
					return stop
				}
			}
			tx := &transaction{dialect: s.dialect, caller: ctx, limit: limit.(bounded)} // pool.do made it
			if err = tx.attempt(db, s, fn); !tx.again {
				return err
			}
			if tx.limit.over() {
				break
			}
		}
		return settled(err)
	})
}

// settled says that what is contended to the end is unavailable.
func settled(err error) error {
	if isContended(err) {
		return domain.ErrUnavailable.Because(err)
	}
	return err
}

// pause waits a little, so that rivals fall out of step. It returns an error
// when the caller has left.
func pause(ctx context.Context, attempt int) error {
	const first, longest = 500 * time.Microsecond, 20 * time.Millisecond
	timer := time.NewTimer(rand.N(min(first<<min(attempt, 8), longest))) // it is no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// transaction is one run of Atomically's function.
type transaction struct {
	dialect *Dialect
	caller  context.Context // both end with the run
	limit   bounded
	tx      *sqlx.Tx
	changes []application.Change
	again   bool // a rival was in the way, and nothing was done
}

func (t *transaction) attempt(db *sqlx.DB, s *Store, fn func(context.Context, application.Tx) error) error {
	var err error
	if t.tx, err = db.BeginTxx(t.limit, &sql.TxOptions{Isolation: t.dialect.Isolation}); err != nil {
		return t.rivalry(t.dialect.translate("begin a transaction", err))
	}
	defer t.tx.Rollback() // says only that it is over already, but for a panic of fn
	p := s.ports
	p.run = t
	if err = fn(t.caller, p); err == nil && !t.again {
		err = t.late()
	}
	if err != nil || t.again {
		_ = t.tx.Rollback()
		if t.again {
			err = contended{err}
		}
		return err
	}
	err = t.rivalry(t.dialect.translate("commit", t.tx.Commit()))
	if !t.again { // what a failed COMMIT did is not known, whatever it says
		s.announce(t.changes)
	}
	return err
}

// rivalry notes whether err says that the transaction should run again.
func (t *transaction) rivalry(err error) error {
	t.again = t.again || isContended(err)
	return err
}

// late returns an error when the caller has left or the time is over.
func (t *transaction) late() error {
	if err := t.caller.Err(); err != nil {
		return err
	}
	if t.limit.over() {
		return domain.ErrUnavailable.Because(errTooLong)
	}
	return nil
}

// Read runs a statement of the transaction, unless it is too late.
func (t *transaction) Read(ctx context.Context, do work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.late(); err != nil {
		return err
	}
	return t.rivalry(do(t.limit, t.tx))
}

// Write is Read, and remembers what it touches until the commit.
func (t *transaction) Write(ctx context.Context, changes []application.Change, do work) error {
	t.changes = append(t.changes, changes...)
	return t.Read(ctx, do)
}
