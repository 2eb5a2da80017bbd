package bench

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver

	"github.com/sallyport-auth/sallyport/test/servers"
)

// database is a PostgreSQL database and the processes of its server.
type database struct {
	*sql.DB
	URL        string
	postmaster int
}

// durablePostgres starts a server as production has it: fsync is on.
func durablePostgres(b *testing.B, settings ...string) *servers.PostgresServer {
	b.Helper()
	return servers.Postgres(b, append([]string{"fsync=on", "full_page_writes=on"}, settings...)...)
}

func newDatabase(b *testing.B, server *servers.PostgresServer) *database {
	b.Helper()
	d := &database{URL: server.CreateDatabase(b)}
	var err error
	if d.DB, err = sql.Open("postgres", d.URL); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	var pid string
	d.ask(b, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)", &pid)
	if d.postmaster, err = strconv.Atoi(pid); err != nil {
		b.Fatal(err)
	}
	return d
}

// ask reads the one row of a query.
func (d *database) ask(b *testing.B, query string, into ...any) {
	b.Helper()
	if err := d.QueryRowContext(context.Background(), query).Scan(into...); err != nil {
		b.Fatalf("%s: %v", query, err)
	}
}

func (d *database) do(b *testing.B, statement string, args ...any) {
	b.Helper()
	if _, err := d.ExecContext(context.Background(), statement, args...); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

// spent returns the CPU time of all the server's processes while work runs:
// of those that live, and of those that ended meanwhile.
func (d *database) spent(b *testing.B, work func()) time.Duration {
	b.Helper()
	if d == nil {
		work()
		return 0
	}
	before := d.cpu(b)
	work()
	return d.cpu(b) - before
}

func (d *database) cpu(b *testing.B) time.Duration {
	b.Helper()
	return cpu(b, family(b, d.postmaster)...) + reaped(b, d.postmaster)
}

// reaped returns the CPU time of a process's children that have ended.
func reaped(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	// After the name in parentheses comes field 3; cutime and cstime are 16 and 17 (proc(5)), in ticks of 10 ms.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	var ticks int
	for _, field := range fields[16-3 : 18-3] {
		n, err := strconv.Atoi(string(field))
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// populate fills the tables with as many users, each with one session that
// has never been refreshed.
func (d *database) populate(b *testing.B, n int) {
	b.Helper()
	d.do(b, `INSERT INTO users (id, email, name, status, roles, version, created_at, updated_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'user' || i || '@example.com', '',
			'active', '["user"]', 1, now(), now() FROM generate_series(1, $1::int) i`, n)
	d.do(b, `INSERT INTO sessions (id, user_id, user_version, generation, created_at, rotated_at, idle_expires_at,
			expires_at, address, user_agent)
		SELECT ('00000000-0000-7000-9000-' || right(u.id::text, 12))::uuid, u.id, u.version, 0, now(), now(),
			date_trunc('second', now()) + interval '7 days', date_trunc('second', now()) + interval '30 days', '127.0.0.1', 'bench'
		FROM users u`)
	d.do(b, "VACUUM ANALYZE users")
	d.do(b, "VACUUM ANALYZE sessions")
	d.do(b, "CHECKPOINT")
}
