package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
)

func TestADatabaseThatIsDownAtFirstIsNotDownForEver(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	proxy.Refuse()
	s := opened(t, postgres.Config{URL: proxy.Through(server.CreateDatabase(t))})
	if err := s.Migrate(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Migrate: got %v, want ErrUnavailable", err)
	}
	proxy.Pass()
	if err := s.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate when it is up: got %v, want nil", err)
	}
}

// TestACallGivesUpInTime has a server that says nothing: bounds are wide, for
// what is wrong here waits for ever.
func TestACallGivesUpInTime(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := migrated(t, postgres.Config{URL: proxy.Through(server.CreateDatabase(t)), MaxConns: 1})
	user := newUser(t, s)
	for what, call := range map[string]func() error{
		"a read":  func() error { _, err := s.Users().User(t.Context(), user.ID); return err },
		"a write": func() error { return s.Users().Update(t.Context(), user) },
		"a transaction": func() error {
			return s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error { return tx.Users().Update(ctx, user) })
		},
		"a ping": func() error { return s.Ping(t.Context()) },
	} {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		proxy.Blackhole()
		begun := time.Now()
		err := call()
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s of a silent server: gave up after %s, want about 2s", what, took)
		}
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s of a silent server: got %v, want ErrUnavailable", what, err)
		}
		proxy.Pass()
		if err := call(); err != nil {
			t.Errorf("%s when the server speaks again: got %v, want nil", what, err)
		}
	}
}

func TestWhoeverFindsNoConnectionHearsItSoon(t *testing.T) {
	t.Parallel()
	s := migrated(t, postgres.Config{MaxConns: 1})
	user := newUser(t, s)
	held, release := make(chan struct{}), make(chan struct{})
	var holder sync.WaitGroup
	holder.Go(func() {
		_ = s.Atomically(t.Context(), func(context.Context, application.Tx) error {
			close(held)
			<-release
			return nil
		})
	})
	<-held
	_, err := s.Users().User(t.Context(), user.ID)
	close(release)
	holder.Wait()
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("User with no connection left: got %v, want ErrUnavailable", err)
	}
}

func TestConnectionsThatDiedAtRestCostNobodyAnError(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := migrated(t, postgres.Config{URL: proxy.Through(server.CreateDatabase(t)), MaxConns: 8})
	user := newUser(t, s)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _ = s.Users().User(t.Context(), user.ID) })
	}
	all.Wait()
	proxy.Reset()
	for range 16 {
		if err := s.Users().Update(t.Context(), user); err != nil {
			t.Errorf("Update: got %v, want nil", err)
		}
	}
}

func TestACommitWithNoAnswerIsUnavailableAndCountsAsAChange(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := migrated(t, postgres.Config{URL: proxy.Through(server.CreateDatabase(t))})
	var told []application.Change
	s.OnChange(func(changes ...application.Change) { told = append(told, changes...) })
	user := newUser(t, s)
	change := application.Change{Kind: application.ChangedUser, ID: string(user.ID)}

	runs := 0
	rename := func(name string, fail error) error {
		return s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			runs++
			user.Name = name
			if err := tx.Users().Update(ctx, user); err != nil {
				return err
			}
			return fail
		})
	}
	for _, eof := range []bool{false, true} {
		told, runs = nil, 0
		proxy.LoseAnswer(faults.Loss{EOF: eof})
		if err := rename("lost", nil); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("Atomically with a lost answer: got %v, want ErrUnavailable", err)
		}
		if runs != 1 {
			t.Errorf("runs: got %d, want 1", runs)
		}
		if !slices.Contains(told, change) {
			t.Errorf("changes: got %v, want %v", told, change)
		}
	}
	told = nil
	if got, err := s.Users().User(t.Context(), user.ID); err != nil || got.Name != "lost" {
		t.Errorf("User: got %q, %v, want %q: the server had committed", got.Name, err, "lost")
	}
	refused := errors.New("refused")
	if err := rename("refused", refused); err != refused { //nolint:errorlint // it comes back unchanged
		t.Errorf("Atomically: got %v, want %v", err, refused)
	}
	if len(told) > 0 {
		t.Errorf("changes of what was rolled back: got %v, want none", told)
	}
}

// TestAnAdvanceThatTheDriverRepeatsShowsItsOwnMove loses the answer in a way
// that lets database/sql send the statement again.
func TestAnAdvanceThatTheDriverRepeatsShowsItsOwnMove(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := migrated(t, postgres.Config{URL: proxy.Through(server.CreateDatabase(t))})
	session := newSession(t, s, newUser(t, s))
	proxy.LoseAnswer(faults.Loss{Match: faults.Statement("UPDATE sessions"), EOF: true})
	now := step(session, 0)
	got, _, moved, err := s.Sessions().Advance(t.Context(), now)
	if err != nil || moved || got.Generation != 1 || !got.RotatedAt.Equal(now.Now) {
		t.Errorf("Advance: got generation %d at %s, moved %t, %v; want 1 at %s, not moved", got.Generation, got.RotatedAt, moved, err, now.Now)
	}
}

func TestTriggersAnnounceWhatIsRemembered(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url})
	listener := pq.NewListener(url, time.Second, time.Second, nil)
	defer listener.Close()
	if err := listener.Listen("sallyport"); err != nil {
		t.Fatalf("Listen: %v", err)
	}
	user := newUser(t, s)
	session := newSession(t, s, user)
	if _, _, moved, err := s.Sessions().Advance(t.Context(), step(session, 0)); !moved || err != nil {
		t.Fatalf("Advance: got %t, %v", moved, err)
	}
	db := raw(t, url)
	run(t, db, "UPDATE users SET updated_at = now()")
	// All of that was silent: the first notice is of the first change here.
	for _, c := range []struct{ statement, want string }{
		{"UPDATE users SET name = 'Grace'", "user:" + string(user.ID)},
		{"UPDATE sessions SET revoked_at = now()", "session:" + string(session.ID)},
		{"UPDATE roles SET permissions = '[\"users:read\"]' WHERE name = 'user'", "role:user"},
		{"DELETE FROM sessions", "session:" + string(session.ID)},
		{"TRUNCATE roles", "everything:"},
		{"DELETE FROM users", "user:" + string(user.ID)},
	} {
		run(t, db, c.statement)
		select {
		case notice := <-listener.NotificationChannel():
			if notice == nil || notice.Extra != c.want {
				t.Errorf("%s: got %+v, want %s", c.statement, notice, c.want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: got no notice, want %s", c.statement, c.want)
		}
	}
}

// After a failover a server may take no writes, and its name may lead to it for
// a while yet.
func TestAServerThatTakesNoWritesIsLeftAsSoonAsItSaysSo(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	url := server.CreateDatabase(t)
	s := migrated(t, postgres.Config{URL: url, MaxConns: 3})
	user := newUser(t, s)
	settings := raw(t, url)
	readOnly := func(on bool) {
		t.Helper()
		for _, statement := range []string{
			fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", databaseOf(t, url), on),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		} {
			if _, err := settings.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	write := func() error { return s.Users().Update(t.Context(), user) }

	// Connections that are there already hear of it by an error.
	for range 8 {
		if err := s.Execute(t.Context(), "SET default_transaction_read_only = on"); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for range 8 {
		if err := write(); err != nil {
			refused++
			if !errors.Is(err, domain.ErrUnavailable) {
				t.Errorf("a write: got %v, want ErrUnavailable", err)
			}
		}
	}
	if refused == 0 || refused > 4 {
		t.Errorf("refused writes: got %d of 8, want one for each connection that was there, at most", refused)
	}

	// New ones are not made to it, neither for writes nor for reads.
	readOnly(true)
	if err := write(); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("a write: got %v, want ErrUnavailable", err)
	}
	if _, err := s.Users().User(t.Context(), user.ID); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("a read, which may be behind: got %v, want ErrUnavailable", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("Ping: got %v, want ErrUnavailable", err)
	}

	readOnly(false)
	if err := write(); err != nil {
		t.Errorf("a write when it is the primary again: got %v, want nil", err)
	}
}
