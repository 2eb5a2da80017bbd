package faults_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
)

const increment = "UPDATE counters SET n = n + 1 WHERE id = $1"

// transact increments the counter in a transaction and returns what Commit said.
func transact(t *testing.T, db *sql.DB) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if _, err := tx.ExecContext(t.Context(), increment, 1); err != nil {
		t.Fatalf("increment: %v", err)
	}
	return tx.Commit()
}

func TestALostCommitHasTakenEffectAndSaysItFailed(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name string
		eof  bool
	}{{"reset", false}, {"end of stream", true}} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			proxy, through, direct := behind(t, "")
			armed := proxy.LoseAnswer(faults.Loss{EOF: end.eof})
			if err := transact(t, through); err == nil {
				t.Error("commit whose answer was lost: got nil, want an error")
			}
			wantCount(t, direct, 1)
			if err := transact(t, through); err != nil {
				t.Errorf("commit after the one that was armed: %v", err)
			}
			wantCount(t, direct, 2)
			if got := armed.Fired(); got != 1 {
				t.Errorf("answers lost: got %d, want 1", got)
			}
		})
	}
}

func TestACommitLostOnItsWayHasNoEffect(t *testing.T) {
	t.Parallel()
	proxy, through, direct := behind(t, "")
	armed := proxy.LoseAnswer(faults.Loss{Undelivered: true})
	if err := transact(t, through); err == nil {
		t.Error("commit that never arrived: got nil, want an error")
	}
	if got := armed.Fired(); got != 1 {
		t.Errorf("commits lost: got %d, want 1", got)
	}
	wantCount(t, direct, 0)
}

func TestTheAnswerToOneStatementIsLostHoweverItIsSent(t *testing.T) {
	t.Parallel()
	ways := map[string]struct {
		options string
		send    func(t *testing.T, db *sql.DB) error
	}{
		"simple query": {"", func(t *testing.T, db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), "UPDATE counters SET n = n + 1 WHERE id = 1")
			return err
		}},
		"unprepared, two round trips": {"", func(t *testing.T, db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), increment, 1)
			return err
		}},
		"unprepared, one round trip": {"&binary_parameters=yes", func(t *testing.T, db *sql.DB) error {
			_, err := db.ExecContext(t.Context(), increment, 1)
			return err
		}},
		"prepared": {"", func(t *testing.T, db *sql.DB) error {
			prepared, err := db.PrepareContext(t.Context(), increment)
			if err != nil {
				t.Fatal(err)
			}
			defer prepared.Close()
			_, err = prepared.ExecContext(t.Context(), 1)
			return err
		}},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, through, direct := behind(t, way.options)
			armed := proxy.LoseAnswer(faults.Loss{Match: faults.Statement("UPDATE counters")})
			if err := way.send(t, through); err == nil {
				t.Error("statement whose answer was lost: got nil, want an error")
			}
			wantCount(t, direct, 1)
			if got := armed.Fired(); got != 1 {
				t.Errorf("answers lost: got %d, want 1", got)
			}
		})
	}
}

// The driver takes an orderly end for a connection that was stale already, and database/sql then runs the statement
// again: an update must be safe to repeat.
func TestAfterAnEndOfStreamTheDriverRepeatsTheStatement(t *testing.T) {
	t.Parallel()
	proxy, through, direct := behind(t, "")
	armed := proxy.LoseAnswer(faults.Loss{Match: faults.Statement("UPDATE counters"), EOF: true})
	if _, err := through.ExecContext(t.Context(), increment, 1); err != nil {
		t.Errorf("statement that the driver repeats: %v", err)
	}
	wantCount(t, direct, 2)
	if got := armed.Fired(); got != 1 {
		t.Errorf("answers lost: got %d, want 1", got)
	}
}

func TestALossSparesSkipsCountsAndDisarms(t *testing.T) {
	t.Parallel()
	proxy, through, _ := behind(t, "")
	attempts := func(n int) (failed []bool) {
		for range n {
			failed = append(failed, transact(t, through) != nil)
		}
		return failed
	}
	want := func(what string, got, want []bool) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got failures %v, want %v", what, got, want)
				return
			}
		}
	}
	proxy.LoseAnswer(faults.Loss{Skip: 1, Times: 2})
	want("skip 1, lose 2", attempts(4), []bool{false, true, true, false})
	all := proxy.LoseAnswer(faults.Loss{Times: -1})
	want("lose all", attempts(3), []bool{true, true, true})
	all.Disarm()
	want("disarmed", attempts(1), []bool{false})
}

func TestOneLossAmongConcurrentCommitsHitsOneOfThem(t *testing.T) {
	t.Parallel()
	proxy, through, direct := behind(t, "")
	through.SetMaxOpenConns(8)
	proxy.LoseAnswer(faults.Loss{Skip: 5})
	const commits = 20
	results := make(chan error, commits)
	for range commits {
		go func() {
			tx, err := through.Begin()
			if err == nil {
				if _, err = tx.Exec(increment, 1); err == nil {
					err = tx.Commit()
				}
			}
			results <- err
		}()
	}
	failed := 0
	for range commits {
		if err := <-results; err != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("commits that failed: got %d, want 1", failed)
	}
	wantCount(t, direct, commits)
}

func TestObserveSeesEachStatementWithItsText(t *testing.T) {
	t.Parallel()
	proxy, through, _ := behind(t, "")
	prepared, err := through.PrepareContext(t.Context(), increment)
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	var updates, roundTrips atomic.Int32
	proxy.Observe(func(m faults.Message) {
		if faults.Statement("UPDATE counters")(m) {
			updates.Add(1)
		}
		if m.Type == 'S' || m.Type == 'Q' {
			roundTrips.Add(1)
		}
	})
	for range 3 {
		if _, err := prepared.ExecContext(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	if updates.Load() != 3 || roundTrips.Load() != 3 {
		t.Errorf("prepared updates: got %d in %d round trips, want 3 in 3", updates.Load(), roundTrips.Load())
	}
}

func TestAClientThatAskedForEncryptionInVainIsStillUnderstood(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t) // has no TLS
	proxy := faults.New(t, server.Addr())
	armed := proxy.LoseAnswer(faults.Loss{Match: faults.Statement("SELECT 'gate'"), EOF: true})
	conn, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	send := func(kind string, body []byte) {
		t.Helper()
		message := binary.BigEndian.AppendUint32([]byte(kind), uint32(len(body)+4))
		if _, err := conn.Write(append(message, body...)); err != nil {
			t.Fatal(err)
		}
	}
	send("", binary.BigEndian.AppendUint32(nil, 80877103)) // SSLRequest
	answer := make([]byte, 1)
	if _, err := io.ReadFull(conn, answer); err != nil || answer[0] != 'N' {
		t.Fatalf("answer to SSLRequest: got %q, %v, want N", answer, err)
	}
	send("", append(binary.BigEndian.AppendUint32(nil, 3<<16), "user\x00postgres\x00\x00"...))
	send("Q", []byte("SELECT 'gate'\x00"))
	heard, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("end of the connection: got %v, want an orderly one", err)
	}
	if got := armed.Fired(); got != 1 || bytes.Contains(heard, []byte("gate")) {
		t.Errorf("answers lost: got %d, want 1; heard %q", got, heard)
	}
}
