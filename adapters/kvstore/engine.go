package kvstore

import "context"

// Engine is an ordered key-value database. What does not answer is
// domain.ErrUnavailable, wrapped, also a commit whose outcome is unknown.
type Engine interface {
	// View runs fn on a snapshot, to which nothing is written, and returns its
	// error unchanged.
	View(ctx context.Context, fn func(Transaction) error) error
	// Update runs fn in a serializable transaction. nil commits; an error or a
	// panic of fn rolls back, and comes back unchanged. fn may run again after
	// a conflict, never after a commit. Waiting ends with ctx.
	Update(ctx context.Context, fn func(Transaction) error) error
	Close() error
}

// Transaction is what an Engine's transaction does. Slices that it returns are
// good until it ends; those that it is given are not changed afterwards.
type Transaction interface {
	// Get returns the value of a key; nil without an error: there is none.
	Get(key []byte) ([]byte, error)
	Put(key, value []byte) error
	// Delete removes a key; one that is not there does not count.
	Delete(key []byte) error
	// Scan visits the keys that begin with prefix, by ascending or descending
	// bytes, until visit says no; with a cursor, which begins with prefix too,
	// only those beyond it. visit writes nothing.
	Scan(prefix, cursor []byte, descending bool, visit func(key, value []byte) bool) error
}
