package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
	"github.com/sallyport-auth/sallyport/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

func TestPostgresIsStorage(t *testing.T) {
	t.Parallel()
	conformance.TestStore(t, func(t *testing.T) application.Storage {
		return migrated(t, postgres.Config{MaxConns: 4})
	})
}

func TestPostgresIsStorageBehindPgBouncer(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	bouncer := servers.PgBouncer(t, server.Addr())
	conformance.TestStore(t, func(t *testing.T) application.Storage {
		direct := server.CreateDatabase(t)
		address, err := url.Parse(direct)
		if err != nil {
			t.Fatal(err)
		}
		return migrated(t, postgres.Config{
			URL: bouncer.URL(strings.TrimPrefix(address.Path, "/")), DirectURL: direct, MaxConns: 4, Unprepared: true,
		})
	})
}

func TestLifecycleOnPostgres(t *testing.T) {
	t.Parallel()
	conformance.TestLifecycle(t, func(t *testing.T) application.Storage {
		return migrated(t, postgres.Config{MaxConns: 8})
	})
}

// migrated opens a database of its own, with the schema.
func migrated(t *testing.T, config postgres.Config) *postgres.Storage {
	t.Helper()
	if config.URL == "" {
		config.URL = servers.SharedPostgres(t).CreateDatabase(t)
	}
	s := opened(t, config)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate: %v", err)
	}
	return s
}

func opened(t *testing.T, config postgres.Config) *postgres.Storage {
	t.Helper()
	s, err := postgres.Open(t.Context(), config)
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
