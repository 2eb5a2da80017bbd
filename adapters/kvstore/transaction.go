package kvstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// transaction is one of the engine's, with what it touched. The engine's first
// failure sticks and is reported at the end, whatever was made of it on the
// way, so that the code in between need not ask after each step.
type transaction struct {
	engine  Transaction
	failed  error
	over    bool // whoever still holds it may use it no more
	changed bool
	touched []application.Change
}

// within works inside of the transaction.
func (t *transaction) within(ctx context.Context, _ intent, work func(*transaction) error) error {
	if t.over {
		return errors.New("the transaction is over")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := work(t)
	switch {
	case t.failed == nil:
		return err
	case errors.Is(t.failed, domain.ErrUnavailable):
		return t.failed
	}
	return fmt.Errorf("use the key-value database: %w: %w", domain.ErrUnavailable, t.failed)
}

func (t *transaction) note(err error) {
	if t.failed == nil {
		t.failed = err
	}
}

func (t *transaction) touch(kind application.ChangeKind, id string) {
	t.touched = append(t.touched, application.Change{Kind: kind, ID: id})
}

func (t *transaction) put(key, value []byte) {
	t.note(t.engine.Put(key, value))
	t.changed = true
}

func (t *transaction) delete(key []byte) {
	t.note(t.engine.Delete(key))
	t.changed = true
}
