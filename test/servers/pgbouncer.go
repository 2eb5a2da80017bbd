package servers

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// PgBouncerServer is a PgBouncer in transaction mode.
type PgBouncerServer struct{ Server }

// PgBouncer starts a PgBouncer for this test alone, in front of every database at upstream (host:port, such as a
// PostgresServer's Addr or a fault proxy's).
func PgBouncer(t testing.TB, upstream string) *PgBouncerServer {
	t.Helper()
	pgbouncer := find(t, "pgbouncer")
	host, port, err := net.SplitHostPort(upstream)
	if err != nil {
		t.Fatalf("address of the server behind PgBouncer: %v", err)
	}
	s := &PgBouncerServer{}
	s.name, s.dir, s.stop = "pgbouncer", folder(t, "pgbouncer"), syscall.SIGTERM
	config, users := filepath.Join(s.dir, "pgbouncer.ini"), filepath.Join(s.dir, "users.txt")
	s.command = func(listen int) []string {
		s.write(t, users, "\"postgres\" \"\"\n")
		s.write(t, config, fmt.Sprintf(`[databases]
* = host=%s port=%s

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 20
max_client_conn = 400
ignore_startup_parameters = extra_float_digits
server_login_retry = 1
`, host, port, listen, users))
		return []string{pgbouncer, config}
	}
	s.ready = func(ctx context.Context) error {
		db, err := sql.Open("postgres", s.URL("postgres")+"&connect_timeout=5")
		if err != nil {
			return err
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, "SELECT 1")
		return err
	}
	s.begin(t)
	t.Cleanup(s.remove)
	return s
}

// URL returns where a database of the server behind is, by way of PgBouncer, as postgres://….
func (s *PgBouncerServer) URL(database string) string { return postgresURL(s.Addr(), database) }

func (s *PgBouncerServer) write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatalf("configure %s: %v", s.name, err)
	}
}
