package sqlite_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestSQLiteIsAStateReader(t *testing.T) {
	t.Parallel()
	conformance.TestStateReader(t, func(t *testing.T) application.Storage {
		return migrated(t, filepath.Join(t.TempDir(), "test.db"))
	})
}

func TestSQLiteIsAChangeFeed(t *testing.T) {
	t.Parallel()
	conformance.TestChangeFeed(t, func(t *testing.T) (a, b application.Storage) {
		path := filepath.Join(t.TempDir(), "test.db")
		return migrated(t, path), opened(t, path)
	})
}

func TestOnesOwnWritesAreNotForeign(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "own.db"))
	h := conformance.Listen(t, s)
	h.AwaitBeat(time.Now())
	from := h.Len()
	for range 5 {
		newUser(t, s) // tells of nothing
		h.AwaitBeat(time.Now())
	}
	if got := h.Changes(from); len(got) > 0 {
		t.Errorf("heard %v, want nothing", got)
	}
}

// TestATransactionThatBeginsAfterAnothersWriteHearsOfItFirst has the one
// connection that could look taken for as long as the transaction runs.
func TestATransactionThatBeginsAfterAnothersWriteHearsOfItFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "two.db")
	a, b := migrated(t, path), opened(t, path)
	var told []application.Change
	b.OnChange(func(changes ...application.Change) { told = append(told, changes...) })
	newUser(t, b)
	told = nil
	newUser(t, a)
	err := b.Atomically(t.Context(), func(context.Context, application.Tx) error {
		if !slices.Contains(told, application.Change{Kind: application.ChangedEverything}) {
			t.Errorf("told when the transaction runs: %v, want everything", told)
		}
		return nil
	})
	if err != nil {
		t.Errorf("Atomically: %v", err)
	}
}
