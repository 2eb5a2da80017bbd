package boltstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sallyport-auth/sallyport/application"
)

// transaction is one of bbolt's, with what it touched. The first failure of the
// file sticks: what comes after it finds nothing, and run reports it.
type transaction struct {
	bolt    *bbolt.Tx
	failed  error
	over    bool
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
	if err := work(t); err != nil && t.failed == nil {
		return err
	}
	return unavailable("use the file", t.failed)
}

func (t *transaction) note(err error) { t.failed = errors.Join(t.failed, err) }

func (t *transaction) touch(kind application.ChangeKind, id string) {
	t.touched = append(t.touched, application.Change{Kind: kind, ID: id})
}

func (t *transaction) bucket(name string) *bbolt.Bucket { return t.bolt.Bucket([]byte(name)) }

// table keeps rows by key, and an entry of each in its indexes.
type table[K ~string, V any] struct {
	name    string
	missing error // of a key that is not there
	key     func(V) K
	indexes []index[K, V]
}

// buckets are the names of all tables and indexes.
var buckets []string

func newTable[K ~string, V any](name string, missing error, key func(V) K, indexes ...index[K, V]) table[K, V] {
	buckets = append(buckets, name)
	for _, x := range indexes {
		buckets = append(buckets, x.name)
	}
	return table[K, V]{name, missing, key, indexes}
}

func (tb table[K, V]) get(t *transaction, key K) (row V, err error) {
	stored := t.bucket(tb.name).Get([]byte(key))
	if stored == nil {
		return row, tb.missing
	}
	row, err = decode[V](stored)
	t.note(err)
	return row, err
}

// put adds a row, or replaces the one of the same key.
func (tb table[K, V]) put(t *transaction, row V) {
	key := tb.key(row)
	tb.remove(t, key)
	stored, err := encode(row)
	t.note(errors.Join(err, t.bucket(tb.name).Put([]byte(key), stored)))
	for _, x := range tb.indexes {
		t.note(t.bucket(x.name).Put(x.entry(x.of(row), key), nil))
	}
	t.changed = true
}

// remove reports whether there was something to remove.
func (tb table[K, V]) remove(t *transaction, keys ...K) (removed bool) {
	for _, key := range keys {
		if row, err := tb.get(t, key); err == nil {
			t.note(t.bucket(tb.name).Delete([]byte(key)))
			for _, x := range tb.indexes {
				t.note(t.bucket(x.name).Delete(x.entry(x.of(row), key)))
			}
			t.changed, removed = true, true
		}
	}
	return removed
}

// rows returns the rows beyond a key, or all, in the order of keys or against it.
func (tb table[K, V]) rows(t *transaction, after K, backwards bool) iter.Seq[V] {
	return func(yield func(V) bool) {
		cursor := t.bucket(tb.name).Cursor()
		first, next := cursor.First, cursor.Next
		if backwards {
			first, next = cursor.Last, cursor.Prev
		}
		k, stored := first()
		if after != "" {
			k, stored = cursor.Seek([]byte(after)) // at the key, or above it
			if k == nil && backwards {
				k, stored = first()
			} else if backwards || string(k) == string(after) {
				k, stored = next()
			}
		}
		for ; k != nil; k, stored = next() {
			row, err := decode[V](stored)
			t.note(err)
			if err != nil || !yield(row) {
				return
			}
		}
	}
}

// take returns up to limit of the rows that match.
func take[V any](rows iter.Seq[V], limit int, match func(V) bool) (taken []V) {
	for row := range rows {
		if len(taken) >= limit {
			break
		}
		if match(row) {
			taken = append(taken, row)
		}
	}
	return taken
}

// index finds the keys of rows by something else.
type index[K ~string, V any] struct {
	name string
	of   func(V) string // holds no NUL, nor does a key
}

func (index[K, V]) entry(of string, key K) []byte { return []byte(of + "\x00" + string(key)) }

// keys returns, in order, up to limit keys of rows whose value is from least to most.
func (x index[K, V]) keys(t *transaction, least, most string, limit int) (keys []K) {
	cursor := t.bucket(x.name).Cursor()
	for entry, _ := cursor.Seek([]byte(least)); entry != nil && len(keys) < limit; entry, _ = cursor.Next() {
		of, key, _ := strings.Cut(string(entry), "\x00")
		if of > most {
			break
		}
		if of >= least {
			keys = append(keys, K(key))
		}
	}
	return keys
}

// moment is a time as text that sorts as times do.
func moment(t time.Time) string { return fmt.Sprintf("%016x", uint64(t.UnixMicro())^1<<63) }
