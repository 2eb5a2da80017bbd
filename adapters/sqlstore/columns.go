package sqlstore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// instant is a time in a column: of the database's own type, or microseconds
// since 1970. NULL is the zero time.
type instant struct{ time.Time }

// Scan takes what a driver read.
func (i *instant) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		i.Time = time.Time{}
	case time.Time:
		i.Time = v.UTC()
	case int64:
		i.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time can't be read from %T", value)
	}
	return nil
}

// Value returns what a driver writes.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil // NULL
	}
	return i.UTC(), nil
}

// at wraps a time for a statement.
func at(t time.Time) instant { return instant{t} }

// optional is text that may be NULL, which reads as empty.
type optional string

// Scan takes what a driver read.
func (o *optional) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*o = ""
	case string:
		*o = optional(v)
	case []byte:
		*o = optional(v)
	default:
		return fmt.Errorf("text can't be read from %T", value)
	}
	return nil
}

// encoded is a value in a JSON column. NULL leaves it as it is.
type encoded[T any] struct{ value T }

// Scan takes what a driver read.
func (e *encoded[T]) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(v), &e.value)
	case []byte:
		return json.Unmarshal(v, &e.value)
	default:
		return fmt.Errorf("JSON can't be read from %T", value)
	}
}

// Value returns what a driver writes: text, for lib/pq would send bytes as
// binary when there is no prepared statement.
func (e encoded[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(e.value)
	return string(text), err
}

// names is a JSON array of strings; none at all reads as nil.
type names[T ~string] struct{ encoded[[]T] }

func (n names[T]) list() []T {
	if len(n.value) == 0 {
		return nil
	}
	return n.value
}

// listed wraps names for a statement; nil is written as an empty array.
func listed[T ~string](list []T) names[T] {
	if list == nil {
		list = []T{}
	}
	return names[T]{encoded[[]T]{list}}
}

// merged is a JSON array of arrays of strings.
type merged[T ~string] struct{ encoded[[][]T] }

func (m merged[T]) list() []T { return slices.Concat(m.value...) }
