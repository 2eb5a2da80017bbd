package servers_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
)

// With this variable set the test binary starts servers, says where they are, and waits for its own death.
const victim = "SALLYPORT_X_SERVERS_VICTIM"

func TestMain(m *testing.M) { servers.Main(m) }

func TestEachDatabaseIsFreshAndSeparate(t *testing.T) {
	t.Parallel()
	s := servers.SharedPostgres(t)
	first, second := open(t, s.CreateDatabase(t)), open(t, s.CreateDatabase(t))
	exec1(t, first, "CREATE TABLE visits (n int)")
	var tables int
	if err := second.QueryRow("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil {
		t.Fatal(err)
	}
	if tables != 0 {
		t.Errorf("tables in a fresh database: got %d, want 0", tables)
	}
}

func TestWhatPostgresCommittedSurvivesKill9(t *testing.T) {
	t.Parallel()
	s := servers.Postgres(t)
	db := open(t, s.CreateDatabase(t))
	exec1(t, db, "CREATE TABLE visits (n int)")
	exec1(t, db, "INSERT INTO visits VALUES (42)")

	s.Kill9()
	if _, err := net.DialTimeout("tcp", s.Addr(), time.Second); err == nil {
		t.Error("a killed server still accepts connections")
	}
	s.Restart(t)

	var n int
	if err := open(t, s.URL("test_1")).QueryRow("SELECT n FROM visits").Scan(&n); err != nil || n != 42 {
		t.Errorf("row after the crash: got %d, %v, want 42", n, err)
	}
}

func TestAStalledPostgresAnswersOnlyWhenResumed(t *testing.T) {
	t.Parallel()
	s := servers.Postgres(t, "max_connections=20")
	db := open(t, s.CreateDatabase(t))
	var limit string
	if err := db.QueryRow("SHOW max_connections").Scan(&limit); err != nil || limit != "20" {
		t.Errorf("overridden setting: got %q, %v, want 20", limit, err)
	}

	s.Stall()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	answered := make(chan error, 1)
	go func() { _, err := db.Exec("SELECT 1"); answered <- err }()
	select {
	case err := <-answered:
		t.Errorf("a stalled server answered: %v", err)
	case <-ctx.Done():
	}
	s.Resume()
	select {
	case err := <-answered:
		if err != nil {
			t.Errorf("query over the stall: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("no answer from a resumed server")
	}
}

func TestRedisForgetsAndComesBackOnTheSamePort(t *testing.T) {
	t.Parallel()
	s := servers.Redis(t)
	if got := redis(t, s, "SET gate open"); got != "+OK" {
		t.Fatalf("SET: got %q, want +OK", got)
	}
	s.Kill9()
	s.Restart(t)
	if got := redis(t, s, "GET gate"); got != "$-1" {
		t.Errorf("GET after a restart: got %q, want $-1 (nothing)", got)
	}
}

func TestPgBouncerSharesServerConnectionsBetweenTransactions(t *testing.T) {
	t.Parallel()
	upstream := servers.SharedPostgres(t)
	database := upstream.CreateDatabase(t)
	bouncer := servers.PgBouncer(t, upstream.Addr())
	name := database[strings.LastIndex(database, "/")+1 : strings.Index(database, "?")]
	db := open(t, bouncer.URL(name))
	pids := map[int]bool{}
	for range 30 {
		client, err := db.Conn(t.Context()) // each keeps its own client connection until the end
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		var pid int
		if err := client.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids[pid] = true
	}
	if len(pids) > 20 {
		t.Errorf("server connections for 30 clients: got %d, want at most 20", len(pids))
	}
}

// TestNothingOutlivesAKilledTestBinary kills a test binary that has a stalled PostgreSQL with an open connection, the
// hardest to take away: its backends are children of a child, and stopped.
func TestNothingOutlivesAKilledTestBinary(t *testing.T) {
	if os.Getenv(victim) != "" {
		actVictim(t)
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingOutlivesAKilledTestBinary$")
	cmd.Env = append(os.Environ(), victim+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var processes []int
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		var pid int
		if _, err := fmt.Sscanf(lines.Text(), "process %d", &pid); err == nil {
			processes = append(processes, pid)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(processes) < 2 {
		t.Fatalf("processes of the victim: got %v, want a server and its backend at least", processes)
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range processes {
		for servers.Running(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d outlives the test binary that started it", pid)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func actVictim(t *testing.T) {
	s := servers.Postgres(t)
	db := open(t, s.CreateDatabase(t))
	var backend int
	var data string
	if err := db.QueryRow("SELECT pg_backend_pid(), current_setting('data_directory')").Scan(&backend, &data); err != nil {
		t.Fatal(err)
	}
	lock, err := os.ReadFile(filepath.Join(data, "postmaster.pid")) // its first line is the server's process id
	if err != nil {
		t.Fatal(err)
	}
	s.Stall()
	fmt.Printf("process %d\nprocess %s\nready\n", backend, strings.SplitN(string(lock), "\n", 2)[0])
	select {}
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec1(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func redis(t *testing.T, s *servers.RedisServer, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
