package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/sqlite"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestSQLiteIsStorage(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, func(t *testing.T) application.Storage {
		return migrated(t, filepath.Join(t.TempDir(), "test.db"))
	})
}

func TestLifecycleOnSQLite(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, func(t *testing.T) application.Storage {
		return migrated(t, filepath.Join(t.TempDir(), "life.db"))
	})
}

// migrated opens the database of a file, with the schema.
func migrated(t *testing.T, path string) *sqlite.Storage {
	t.Helper()
	s := opened(t, path)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

func opened(t *testing.T, path string) *sqlite.Storage {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}
