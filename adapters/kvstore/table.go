package kvstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

// separator ends the parts of a key; none of them holds it.
const separator = "\x00"

// table keeps rows by key, and an entry of each in its indexes.
type table[K ~string, V any] struct {
	name    string
	missing error                  // of a key that is not there
	kind    application.ChangeKind // that a row touches when it is replaced or removed; may be none
	key     func(V) K
	encode  func(V) ([]byte, error)
	decode  func([]byte) (V, error)
	indexes []index[K, V]
}

// shape is how a value is stored as JSON.
type shape[V, R any] struct {
	store func(V) R
	load  func(R) V
}

// asIs stores a value as it is.
func asIs[V any]() shape[V, V] {
	same := func(v V) V { return v }
	return shape[V, V]{same, same}
}

func newTable[K ~string, V, R any](name string, missing error, kind application.ChangeKind, key func(V) K, as shape[V, R], indexes ...index[K, V]) table[K, V] {
	return table[K, V]{
		name: name, missing: missing, kind: kind, key: key, indexes: indexes,
		encode: func(value V) ([]byte, error) { return json.Marshal(as.store(value)) },
		decode: func(stored []byte) (V, error) {
			var row R
			err := json.Unmarshal(stored, &row)
			return as.load(row), err
		},
	}
}

func (tb table[K, V]) path(key K) []byte { return []byte(tb.name + separator + string(key)) }

func (tb table[K, V]) get(t *transaction, key K) (row V, err error) {
	stored, err := t.engine.Get(tb.path(key))
	t.note(err)
	if stored == nil {
		return row, tb.missing
	}
	row, err = tb.decode(stored)
	t.note(err)
	return row, err
}

// put adds a row, or replaces the one of the same key. To write what is there
// already changes nothing.
func (tb table[K, V]) put(t *transaction, row V) {
	key := tb.key(row)
	stored, err := tb.encode(row)
	t.note(err)
	there, err := t.engine.Get(tb.path(key))
	t.note(err)
	if bytes.Equal(stored, there) {
		return
	}
	tb.remove(t, key)
	t.put(tb.path(key), stored)
	for _, x := range tb.indexes {
		t.put(x.path(row, key), []byte{})
	}
}

// remove returns how many of the keys were there.
func (tb table[K, V]) remove(t *transaction, keys ...K) (removed int) {
	for _, key := range keys {
		row, err := tb.get(t, key)
		if err != nil {
			continue
		}
		t.delete(tb.path(key))
		for _, x := range tb.indexes {
			t.delete(x.path(row, key))
		}
		if tb.kind != "" {
			t.touch(tb.kind, string(key))
		}
		removed++
	}
	return removed
}

// list returns the rows of a page that match, by ascending or descending key.
func (tb table[K, V]) list(t *transaction, page application.Page[K], descending bool, match func(V) bool) (rows []V) {
	var cursor []byte
	if page.After != "" {
		cursor = tb.path(page.After)
	}
	if page.Limit <= 0 {
		return nil
	}
	t.note(t.engine.Scan(tb.path(""), cursor, descending, func(_, stored []byte) bool {
		row, err := tb.decode(stored)
		t.note(err)
		if err == nil && match(row) {
			rows = append(rows, row)
		}
		return err == nil && len(rows) < page.Limit
	}))
	return rows
}

// index finds the keys of rows by something else.
type index[K ~string, V any] struct {
	name string
	of   func(V) string
}

func (x index[K, V]) path(row V, key K) []byte {
	return []byte(x.name + separator + x.of(row) + separator + string(key))
}

// keys returns the keys of the rows that are of just that, in order.
func (x index[K, V]) keys(t *transaction, of string) (keys []K) {
	prefix := x.name + separator + of + separator
	t.note(t.engine.Scan([]byte(prefix), nil, false, func(entry, _ []byte) bool {
		keys = append(keys, K(entry[len(prefix):]))
		return true
	}))
	return keys
}

// upTo returns, in order, up to limit keys of rows that are of most or less.
func (x index[K, V]) upTo(t *transaction, most string, limit int) (keys []K) {
	if limit <= 0 {
		return nil
	}
	prefix := x.name + separator
	t.note(t.engine.Scan([]byte(prefix), nil, false, func(entry, _ []byte) bool {
		of, key, _ := strings.Cut(string(entry[len(prefix):]), separator)
		if of > most {
			return false
		}
		keys = append(keys, K(key))
		return len(keys) < limit
	}))
	return keys
}

// moment is a time as text that sorts as times do.
func moment(t time.Time) string { return fmt.Sprintf("%016x", uint64(t.UnixMicro())^1<<63) }
