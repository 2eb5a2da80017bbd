package faults_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// behind opens a fresh database by way of a proxy, with a table of one counter, and also opens it directly.
func behind(t *testing.T, options string) (proxy *faults.Proxy, through, direct *sql.DB) {
	t.Helper()
	server := servers.SharedPostgres(t)
	url := server.CreateDatabase(t)
	proxy = faults.New(t, server.Addr())
	through, direct = open(t, proxy.Through(url)+options), open(t, url)
	run(t, direct, "CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)")
	run(t, direct, "INSERT INTO counters VALUES (1, 0)")
	return proxy, through, direct
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

func run(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func wantCount(t *testing.T, db *sql.DB, want int) {
	t.Helper()
	var got int
	if err := db.QueryRowContext(t.Context(), "SELECT n FROM counters WHERE id = 1").Scan(&got); err != nil {
		t.Fatalf("read the counter: %v", err)
	}
	if got != want {
		t.Errorf("counter: got %d, want %d", got, want)
	}
}

func TestPassDeliversWhatBothSidesSay(t *testing.T) {
	t.Parallel()
	_, through, _ := behind(t, "")
	var length int
	big := bytes.Repeat([]byte("a"), 1<<20)
	if err := through.QueryRow("SELECT length($1 || $1)", string(big)).Scan(&length); err != nil || length != 2<<20 {
		t.Errorf("length of a long parameter, twice: got %d, %v, want %d", length, err, 2<<20)
	}
	var back string
	if err := through.QueryRow("SELECT repeat('b', 1000000)").Scan(&back); err != nil || len(back) != 1000000 {
		t.Errorf("long answer: got %d bytes, %v, want 1000000", len(back), err)
	}
}

func TestDelayHoldsEachWayUp(t *testing.T) {
	t.Parallel()
	proxy, through, _ := behind(t, "")
	run(t, through, "SELECT 1")
	const delay = 50 * time.Millisecond
	proxy.Delay(delay)
	began := time.Now()
	run(t, through, "SELECT 1")
	if took := time.Since(began); took < 2*delay {
		t.Errorf("round trip: got %v, want at least %v", took, 2*delay)
	}
}

func TestBlackholeIsSilentAndDeliversLate(t *testing.T) {
	t.Parallel()
	proxy, through, direct := behind(t, "")
	run(t, through, "SELECT 1") // so that a connection is open
	proxy.Blackhole()
	answered := make(chan error, 1)
	go func() {
		_, err := through.Exec("UPDATE counters SET n = n + 1")
		answered <- err
	}()
	fresh, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatalf("new connection: got %v, want it accepted", err)
	}
	defer fresh.Close()
	select {
	case err := <-answered:
		t.Errorf("an update through the blackhole was answered: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	wantCount(t, direct, 0)

	proxy.Pass()
	if err := <-answered; err != nil {
		t.Errorf("update after the blackhole: %v", err)
	}
	wantCount(t, direct, 1)
}

func TestResetCutsOpenConnectionsAndTakesNewOnes(t *testing.T) {
	t.Parallel()
	proxy, through, _ := behind(t, "")
	conn, err := through.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	proxy.Reset()
	if err := conn.PingContext(t.Context()); err == nil {
		t.Error("ping over a connection that was reset: got nil, want an error")
	}
	run(t, through, "SELECT 1")
	if _, ever := proxy.Connections(); ever != 2 {
		t.Errorf("connections ever: got %d, want 2", ever)
	}
}

func TestRefuseTurnsAwayNewConnectionsUntilPass(t *testing.T) {
	t.Parallel()
	proxy, through, _ := behind(t, "")
	conn, err := through.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	proxy.Refuse()
	if err := conn.PingContext(t.Context()); err != nil {
		t.Errorf("open connection: got %v, want it to go on", err)
	}
	if _, err := net.Dial("tcp", proxy.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("new connection: got %v, want refused", err)
	}
	proxy.Pass()
	second, err := through.Conn(t.Context())
	if err != nil {
		t.Fatalf("new connection after Pass: %v", err)
	}
	_ = second.Close()
}

func TestCutAfterDeliversExactlyThatMuch(t *testing.T) {
	t.Parallel()
	proxy := faults.New(t, echo(t))
	proxy.CutAfter(faults.ToClient, 10)
	for _, want := range []int{10, 16} { // the second connection is whole again
		conn, err := net.Dial("tcp", proxy.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("0123456789abcdef")); err != nil {
			t.Fatal(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		got, err := io.ReadAll(conn)
		if len(got) != want || errors.Is(err, syscall.ECONNRESET) != (want == 10) {
			t.Errorf("got %q, %v, want %d bytes and a reset only where it was cut", got, err, want)
		}
		_ = conn.Close()
	}
}

func TestADeadServerIsADeadConnection(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	proxy := faults.New(t, server.Addr())
	conn, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 7)
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "+PONG\r\n" {
		t.Fatalf("answer to PING: got %q, %v", answer, err)
	}
	server.Kill9()
	if n, err := conn.Read(answer); err == nil {
		t.Errorf("read from a dead server: got %d bytes, want an error", n)
	}
	if conn, err := net.Dial("tcp", proxy.Addr()); err == nil {
		if _, err := conn.Read(answer); err == nil {
			t.Error("new connection to a dead server: got an answer, want an error")
		}
		_ = conn.Close()
	}
}

// echo is a server that says back what it hears.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}
