package servers

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/lib/pq" // the driver, and its quoting
)

// PostgresServer is a PostgreSQL server with one superuser, postgres, who needs no password.
type PostgresServer struct {
	Server
	databases atomic.Int64
	lending   sync.Mutex
	free      []string // URLs of databases that may be lent again
}

// Postgres starts a PostgreSQL server for this test alone. Settings are of the form "name=value" and win over ours:
// fsync is off, which loses nothing when the server is killed, only when the machine is; 200 connections are allowed.
func Postgres(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	s := newPostgres(t, settings...)
	t.Cleanup(s.remove)
	return s
}

func newPostgres(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	postgres, initdb := find(t, "postgres"), find(t, "initdb")
	s := &PostgresServer{}
	s.name, s.dir, s.stop = "postgres", folder(t, "postgres"), syscall.SIGINT // fast: does not wait for clients
	data := filepath.Join(s.dir, "data")

	initialize := exec.Command(initdb, "--pgdata="+data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	initialize.Dir, initialize.SysProcAttr = s.dir, unprivileged()
	if out, err := initialize.CombinedOutput(); err != nil {
		s.remove()
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s.command = func(port int) []string {
		argv := []string{postgres, "-D", data, "-p", strconv.Itoa(port)}
		// synchronous_commit stays on: it is what brings a commit out of the server's own memory before the answer.
		for _, setting := range append([]string{
			"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "fsync=off",
			"full_page_writes=off", "jit=off", "timezone=UTC", "log_line_prefix=%m [%p] %d ",
		}, settings...) {
			argv = append(argv, "-c", setting)
		}
		return argv
	}
	s.ready = func(ctx context.Context) error { return s.do(ctx, "SELECT 1") }
	s.begin(t)
	return s
}

// URL returns where a database of the server is, as postgres://….
func (s *PostgresServer) URL(database string) string { return postgresURL(s.Addr(), database) }

func postgresURL(addr, database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", addr, database)
}

// CreateDatabase makes an empty database, which is dropped when the test ends, and returns its URL.
func (s *PostgresServer) CreateDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", s.databases.Add(1))
	if err := s.do(context.Background(), "CREATE DATABASE "+pq.QuoteIdentifier(name)); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		s.mu.Lock()
		down := s.cmd == nil || s.stalled != nil
		s.mu.Unlock()
		if down {
			return // a test left it so; the folder is removed in the end
		}
		if err := s.do(context.Background(), "DROP DATABASE "+pq.QuoteIdentifier(name)+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return s.URL(name)
}

// LendDatabase returns the URL of a database that fill has filled: one that an earlier test had and clean has brought
// back to that state, if there is one. Making and dropping a database costs PostgreSQL some hundred files. All callers of
// one server pass the same functions; a test that leaves more behind than clean takes away makes its own database.
func (s *PostgresServer) LendDatabase(t testing.TB, fill, clean func(url string) error) string {
	t.Helper()
	s.lending.Lock()
	var url string
	if n := len(s.free); n > 0 {
		url, s.free = s.free[n-1], s.free[:n-1]
	}
	s.lending.Unlock()
	if url == "" {
		name := fmt.Sprintf("lent_%d", s.databases.Add(1))
		url = s.URL(name)
		if err := s.do(context.Background(), "CREATE DATABASE "+pq.QuoteIdentifier(name)); err != nil {
			t.Fatalf("create database %s: %v", name, err)
		}
		if err := fill(url); err != nil {
			t.Fatalf("fill database %s: %v", name, err)
		}
	}
	t.Cleanup(func() {
		if err := clean(url); err != nil {
			t.Errorf("clean %s: %v", url, err)
			return
		}
		s.lending.Lock()
		defer s.lending.Unlock()
		s.free = append(s.free, url)
	})
	return url
}

// do runs one statement, as the superuser, outside every test's database.
func (s *PostgresServer) do(ctx context.Context, statement string) error {
	db, err := sql.Open("postgres", s.URL("postgres")+"&connect_timeout=5")
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}
