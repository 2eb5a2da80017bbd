package memory

import (
	"cmp"
	"slices"
)

// table keeps rows by key. It copies what comes in and what goes out, and
// notes in undo how to take each change back.
type table[K cmp.Ordered, V any] struct {
	rows map[K]V
	copy func(V) V
	undo *[]func()
}

func newTable[K cmp.Ordered, V any](undo *[]func(), deep func(V) V) table[K, V] {
	return table[K, V]{rows: map[K]V{}, copy: deep, undo: undo}
}

func (t table[K, V]) find(key K) (V, bool) {
	row, ok := t.rows[key]
	return t.copy(row), ok
}

func (t table[K, V]) put(key K, row V) {
	old, had := t.rows[key]
	*t.undo = append(*t.undo, func() {
		if had {
			t.rows[key] = old
		} else {
			delete(t.rows, key)
		}
	})
	t.rows[key] = t.copy(row)
}

// remove reports whether there was something to remove.
func (t table[K, V]) remove(key K) bool {
	old, had := t.rows[key]
	if had {
		*t.undo = append(*t.undo, func() { t.rows[key] = old })
		delete(t.rows, key)
	}
	return had
}

// keys returns the keys of the rows that match, ascending; match must keep
// nothing of a row.
func (t table[K, V]) keys(match func(K, V) bool) []K {
	var keys []K
	for key, row := range t.rows {
		if match(key, row) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// take returns up to limit of the rows, in the order of keys.
func (t table[K, V]) take(keys []K, limit int) []V {
	keys = keys[:min(len(keys), max(limit, 0))]
	rows := make([]V, len(keys))
	for i, key := range keys {
		rows[i], _ = t.find(key)
	}
	return rows
}

// sweep removes up to limit of the rows that match, and returns how many.
func (t table[K, V]) sweep(limit int, match func(K, V) bool) int {
	keys := t.keys(match)
	keys = keys[:min(len(keys), max(limit, 0))]
	for _, key := range keys {
		t.remove(key)
	}
	return len(keys)
}

// all matches every row.
func all[K, V any](K, V) bool { return true }
