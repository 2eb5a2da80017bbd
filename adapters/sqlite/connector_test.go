package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"testing"
	"time"
)

// turning returns a new file that a connection is about to turn to WAL, as far
// as others can see, and what ends that.
func turning(t *testing.T) (path string, done func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "new.db")
	db := sql.OpenDB(to(path, "rwc", patience, url.Values{}))
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range []string{"CREATE TABLE t (c)", "BEGIN IMMEDIATE"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return path, func() {
		if _, err := db.ExecContext(context.Background(), "COMMIT"); err != nil {
			t.Errorf("COMMIT: %v", err)
		}
	}
}

func TestAConnectionWaitsForWhoTurnsTheFileToWAL(t *testing.T) {
	t.Parallel()
	path, done := turning(t)
	time.AfterFunc(20*reopenEvery, done)
	conn, err := writing(path, time.Minute).Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect: got %v, want it to wait", err)
	}
	_ = conn.Close()
}

func TestAWaitForAConnectionEnds(t *testing.T) {
	t.Parallel()
	path, _ := turning(t)
	if _, err := writing(path, 5*reopenEvery).Connect(t.Context()); !isBusy(err) {
		t.Errorf("after its patience: got %v, want SQLITE_BUSY", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*reopenEvery)
	defer cancel()
	if _, err := writing(path, time.Hour).Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || !isBusy(err) {
		t.Errorf("after its context: got %v, want the context's error with SQLITE_BUSY", err)
	}
}
