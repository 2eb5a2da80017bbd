package postgres_test

import (
	"database/sql"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/test/servers"
)

func TestEightMigratorsAtOnceConverge(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	var all sync.WaitGroup
	for range 8 {
		s := opened(t, postgres.Config{URL: url})
		all.Go(func() {
			if err := s.Migrate(t.Context()); err != nil {
				t.Errorf("Migrate: %v", err)
			}
			status, err := s.Schema(t.Context())
			if err != nil || !status.Current() {
				t.Errorf("Schema after Migrate: got %+v, %v, want current", status, err)
			}
		})
	}
	all.Wait()
}

func TestLookingAtAnEmptyDatabaseTouchesNothing(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	status, err := opened(t, postgres.Config{URL: url}).Schema(t.Context())
	if err != nil || status.Version != 0 || status.Current() || len(status.Steps) == 0 || !status.Steps[0].AppliedAt.IsZero() {
		t.Errorf("Schema of an empty database: got %+v, %v, want version 0 and steps that are pending", status, err)
	}
	var tables int
	if err := raw(t, url).QueryRow("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("tables: got %d, %v, want 0", tables, err)
	}
}

func TestASchemaThatIsTooNewIsRefused(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url})
	db := raw(t, url)
	run(t, db, "INSERT INTO sallyport_schema (version_id, is_applied) VALUES (7, true)")
	if err := s.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate of a newer schema that is compatible: got %v, want nil", err)
	}
	run(t, db, "UPDATE schema_compatibility SET oldest = 6")
	if err := s.Migrate(t.Context()); err == nil {
		t.Error("Migrate of a newer schema: got nil, want an error")
	}
	status, err := s.Schema(t.Context())
	if err != nil || status.Version != 7 || status.Oldest != 6 || status.Compatible() {
		t.Errorf("Schema: got %+v, %v, want version 7, oldest 6, not compatible", status, err)
	}
}

func raw(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
