package boltstore_test

import (
	"path/filepath"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"

	"example.com/team/gate/boltstore"
)

func TestBoltIsStorage(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, open)
}

func TestLivesAreLedOnBolt(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, open)
}

// open returns the migrated storage of a file of its own.
func open(t *testing.T) application.Storage {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "gate.db"))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}
