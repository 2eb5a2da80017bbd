package postgres_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
)

var lives = domain.Lifetimes{Access: time.Minute, Idle: time.Hour, Absolute: 24 * time.Hour}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newUser(t *testing.T, s application.Tx) domain.User {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := newID()
	user := domain.User{
		ID: domain.UserID(id), Email: domain.StoredEmail(id + "@example.com"), Status: domain.StatusActive,
		Roles: []domain.RoleName{domain.RoleUser}, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.Users().Insert(t.Context(), user); err != nil {
		t.Fatalf("insert a user: %v", err)
	}
	return user
}

func newSession(t *testing.T, s application.Tx, user domain.User) domain.Session {
	t.Helper()
	session := domain.NewSession(domain.SessionID(newID()), user, user.CreatedAt, lives, domain.Client{})
	if err := s.Sessions().Insert(t.Context(), session); err != nil {
		t.Fatalf("insert a session: %v", err)
	}
	return session
}

func step(session domain.Session, from int64) application.Advance {
	now := session.RotatedAt.Add(time.Duration(from+1) * time.Microsecond)
	return application.Advance{
		Session: session.ID, User: session.UserID, From: from, Now: now, IdleExpiresAt: lives.IdleExpiry(now),
	}
}

func TestWhatIsAskedOftenIsOneStatementAndOneRoundTrip(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	url := proxy.Through(server.CreateDatabase(t))
	for name, config := range map[string]postgres.Config{
		"prepared":   {URL: url, MaxConns: 1},
		"unprepared": {URL: url, MaxConns: 1, Unprepared: true},
	} {
		s := migrated(t, config)
		user := newUser(t, s)
		session := newSession(t, s, user)
		generation := int64(0)
		for what, call := range map[string]func() error{
			"AccountByEmail": func() error {
				_, err := s.Credentials().AccountByEmail(t.Context(), user.Email)
				return err
			},
			"SessionState": func() error {
				_, err := s.SessionState(t.Context(), session.ID)
				return err
			},
			"Advance": func() error {
				_, _, moved, err := s.Sessions().Advance(t.Context(), step(session, generation))
				if !moved {
					t.Errorf("%s: Advance from %d: got not moved, %v", name, generation, err)
				}
				generation++
				return err
			},
		} {
			if err := call(); err != nil { // warms the connection
				t.Fatalf("%s: %s: %v", name, what, err)
			}
			var trips, statements atomic.Int64
			proxy.Observe(func(m faults.Message) {
				if m.Runs() {
					statements.Add(1)
				}
				if m.Type == 'Q' || m.Type == 'S' { // Query or Sync: the client waits for the answer
					trips.Add(1)
				}
			})
			if err := call(); err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			}
			proxy.Observe(nil)
			if trips.Load() != 1 || statements.Load() != 1 {
				t.Errorf("%s: %s: got %d statements in %d round trips, want 1 in 1", name, what, statements.Load(), trips.Load())
			}
		}
	}
}

func TestARefreshRewritesNoIndex(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url})
	session := newSession(t, s, newUser(t, s))
	for from := range int64(50) {
		if _, _, moved, err := s.Sessions().Advance(t.Context(), step(session, from)); !moved || err != nil {
			t.Fatalf("Advance from %d: got %t, %v", from, moved, err)
		}
	}
	var updated, hot int
	// In one transaction, for its own counters need no flush.
	tx, err := raw(t, url).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() // it only looks
	if _, err := tx.Exec("UPDATE sessions SET generation = generation + 1, rotated_at = now(), idle_expires_at = now()"); err != nil {
		t.Fatal(err)
	}
	err = tx.QueryRow("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'sessions'").Scan(&updated, &hot)
	if err != nil || updated != 1 || hot != 1 {
		t.Errorf("updates: got %d, %d of them HOT, %v, want 1 and 1", updated, hot, err)
	}
}

func TestAStatementThatWasPlannedForAnotherSchemaIsPreparedAnew(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url, MaxConns: 1})
	read := func(tx application.Tx) error {
		_, err := tx.Roles().Role(t.Context(), domain.RoleUser)
		return err
	}
	db := raw(t, url)
	for _, retype := range []string{"varchar(400)", "text"} {
		if err := read(s); err != nil {
			t.Fatalf("Role: %v", err)
		}
		run(t, db, "ALTER TABLE roles ALTER COLUMN description TYPE "+retype)
		if err := read(s); err != nil {
			t.Errorf("Role after a change to %s: got %v, want nil", retype, err)
		}
	}
	run(t, db, "ALTER TABLE roles ALTER COLUMN description TYPE varchar(400)")
	err := s.Atomically(t.Context(), func(_ context.Context, tx application.Tx) error { return read(tx) })
	if err != nil {
		t.Errorf("Role in a transaction after a change: got %v, want nil", err)
	}
}
