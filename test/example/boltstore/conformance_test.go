package boltstore_test

import (
	"path/filepath"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/kvstore"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"

	"example.com/team/gate/boltstore"
)

func TestBoltIsAnEngine(t *testing.T) {
	t.Parallel()
	conformance.TestEngine(t, func(t *testing.T) kvstore.Engine {
		t.Helper()
		e, err := boltstore.Open(filepath.Join(t.TempDir(), "engine.db"))
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		t.Cleanup(func() { _ = e.Close() })
		return e
	})
}

func TestBoltIsStorage(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, open)
}

func TestLivesAreLedOnBolt(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, open)
}

func TestBoltSaysWhatASessionIsNow(t *testing.T) {
	t.Parallel()
	conformance.TestStateReader(t, open)
}

func TestBoltTellsOfItsChanges(t *testing.T) {
	t.Parallel()
	same := func(t *testing.T) (a, b application.Storage) {
		t.Helper()
		s := open(t)
		return s, s // the file is this process's alone
	}
	conformance.TestChangeFeed(t, same)
	conformance.TestChangeFeedIsSilent(t, same)
}

// open returns the migrated storage of a file of its own.
func open(t *testing.T) application.Storage {
	t.Helper()
	s, err := boltstore.Adapter().Open(t.Context(), application.StorageConfig{URL: "bolt:" + filepath.Join(t.TempDir(), "gate.db")})
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
