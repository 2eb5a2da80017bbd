package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/service"
)

// advanceStatement returns the statement by which a refresh moves a session,
// as it goes over the wire.
func advanceStatement(b *testing.B, proxy *faults.Proxy, s *service.Service) string {
	b.Helper()
	var mu sync.Mutex
	var statement string
	proxy.Observe(func(m faults.Message) {
		mu.Lock()
		defer mu.Unlock()
		if m.Runs() && strings.HasPrefix(m.SQL, "UPDATE sessions") {
			statement = m.SQL
		}
	})
	defer proxy.Observe(nil)
	load(b, connect(b, s.URL, loggedIn(s, 1)), 1)
	mu.Lock()
	defer mu.Unlock()
	if statement == "" {
		b.Fatal("a refresh sent no UPDATE of sessions")
	}
	return statement
}

// pgbench is the limit of a refresh: the same statement, run by PostgreSQL's
// own load generator over as many connections, each with a session of its own.
func pgbench(b *testing.B, d *database, statement string, clients, requests int) contender {
	b.Helper()
	program, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench") // the only error is a bad pattern
		if len(found) == 0 {
			b.Fatal("pgbench, which comes with PostgreSQL, is not installed")
		}
		program = found[len(found)-1]
	}
	arguments := strings.NewReplacer("$1", ":session", "$2", ":gen", "$3", ":now", "$4", ":idle", "$5", ":subject", "$6", ":step")
	script := filepath.Join(b.TempDir(), "refresh.sql")
	text := `\if :known
\else
SELECT id AS session, user_id AS subject, generation AS gen, now() AS now, now() + interval '7 days' AS idle
	FROM sessions ORDER BY id OFFSET :client_id LIMIT 1 \gset
\set known 1
\endif
` + strings.Join(strings.Fields(arguments.Replace(statement)), " ") + `;
\set gen :gen + 1
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return contender{pid: os.Getpid(), database: d, requests: requests, work: func(b *testing.B, n int) {
		var before, after int
		d.ask(b, "SELECT sum(generation) FROM sessions", &before)
		out, err := exec.CommandContext(context.Background(), program, "--no-vacuum", "--protocol=prepared", "--file="+script,
			"--define=known=0", "--define=step=1", "--client="+strconv.Itoa(clients), "--jobs=2",
			"--transactions="+strconv.Itoa(n/clients), d.URL).CombinedOutput()
		if err != nil {
			b.Fatalf("pgbench: %v\n%s", err, out)
		}
		d.ask(b, "SELECT sum(generation) FROM sessions", &after)
		if after-before != n {
			b.Fatalf("pgbench moved %d sessions forward, want %d:\n%s", after-before, n, out)
		}
	}}
}
