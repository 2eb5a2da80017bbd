package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/sallyport-auth/sallyport/adapters/kvstore"
	"github.com/sallyport-auth/sallyport/domain"
)

// lockTimeout is for another process to let go of the file.
const lockTimeout = 2 * time.Second

// bucket holds everything.
var bucket = []byte("sallyport")

// Engine is one bbolt file.
type Engine struct {
	db     *bbolt.DB
	writer chan struct{} // held by who writes: bbolt's own lock knows no context
}

var _ kvstore.Engine = (*Engine)(nil)

// Open opens a file, or makes an empty one. domain.ErrUnavailable when another
// process has it.
func Open(path string) (*Engine, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: another process has %s open; stop it first", domain.ErrUnavailable, path)
	}
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(unavailable("prepare "+path, err), db.Close())
	}
	return &Engine{db: db, writer: make(chan struct{}, 1)}, nil
}

// View reads a snapshot, beside whoever writes.
func (e *Engine) View(_ context.Context, fn func(kvstore.Transaction) error) error {
	tx, err := e.db.Begin(false)
	if err != nil {
		return unavailable("begin to read", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(transaction{tx.Bucket(bucket)})
}

// Update writes when nobody else does. It runs fn once.
func (e *Engine) Update(ctx context.Context, fn func(kvstore.Transaction) error) error {
	select {
	case e.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.writer }()
	tx, err := e.db.Begin(true)
	if err != nil {
		return unavailable("begin to write", err)
	}
	defer func() { _ = tx.Rollback() }() // of nothing, after a commit
	if err := fn(transaction{tx.Bucket(bucket)}); err != nil {
		return err
	}
	return unavailable("commit", tx.Commit())
}

// Close lets go of the file, when the last transaction has ended.
func (e *Engine) Close() error { return e.db.Close() }

// unavailable says what was attempted; nil stays nil.
func unavailable(attempted string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: %w", attempted, domain.ErrUnavailable, err)
}

// transaction is bbolt's, of which the one bucket is all that matters.
type transaction struct{ *bbolt.Bucket }

// Get returns the value of a key.
func (t transaction) Get(key []byte) ([]byte, error) { return t.Bucket.Get(key), nil }

// Scan visits keys in their order.
func (t transaction) Scan(prefix, cursor []byte, descending bool, visit func(key, value []byte) bool) error {
	at := t.Cursor()
	key, value, next := ascend(at, prefix, cursor)
	if descending {
		key, value, next = descend(at, prefix, cursor)
	}
	for bytes.HasPrefix(key, prefix) && visit(key, value) {
		key, value = next()
	}
	return nil
}

type step func() (key, value []byte)

func ascend(at *bbolt.Cursor, prefix, cursor []byte) (key, value []byte, next step) {
	if cursor == nil {
		key, value = at.Seek(prefix)
		return key, value, at.Next
	}
	if key, value = at.Seek(cursor); bytes.Equal(key, cursor) {
		key, value = at.Next()
	}
	return key, value, at.Next
}

// descend begins below the cursor, or below the first key after all that begin
// with prefix, which ends in no 0xff.
func descend(at *bbolt.Cursor, prefix, cursor []byte) (key, value []byte, next step) {
	if cursor == nil {
		cursor = bytes.Clone(prefix)
		cursor[len(cursor)-1]++
	}
	if key, _ = at.Seek(cursor); key == nil { // Prev would leave the last one out
		key, value = at.Last()
	} else {
		key, value = at.Prev()
	}
	return key, value, at.Prev
}
