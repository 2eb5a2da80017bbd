package postgres_test

import (
	"context"
	"database/sql"
	"errors"
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
		direct := migratedDatabase(t)
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

// migratedDatabase returns the URL of a database with the schema, which other
// tests have used: making and migrating one for each would be most of what
// these tests take. Tests that change the schema make their own.
func migratedDatabase(t *testing.T) string {
	t.Helper()
	return servers.SharedPostgres(t).LendDatabase(t,
		func(url string) error {
			s, err := postgres.Open(context.Background(), postgres.Config{URL: url})
			if err != nil {
				return err
			}
			return errors.Join(s.Migrate(context.Background()), s.Close(), execute(url, "CREATE TABLE first_roles AS TABLE roles"))
		},
		func(url string) error {
			return execute(url, `DELETE FROM users; DELETE FROM roles; DELETE FROM api_keys; DELETE FROM signing_keys;
				DELETE FROM mail_tokens; DELETE FROM outbox; DELETE FROM audit_events; DELETE FROM leases; DELETE FROM secrets;
				INSERT INTO roles TABLE first_roles`)
		},
	)
}

func execute(url, statements string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statements)
	return err
}

// migrated opens a database with the schema: of its own, if config names none.
func migrated(t *testing.T, config postgres.Config) *postgres.Storage {
	t.Helper()
	if config.URL == "" {
		config.URL = migratedDatabase(t)
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
