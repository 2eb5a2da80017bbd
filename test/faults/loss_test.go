package faults_test

import (
	"database/sql"
	"sync/atomic"
	"testing"

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

func TestAClientThatAsksForEncryptionIsStillUnderstood(t *testing.T) {
	t.Parallel()
	// The server has no TLS, so a client that merely prefers it goes on in clear on the same connection.
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	url := proxy.Through("postgres://postgres@proxy/postgres?sslmode=prefer")
	proxy.LoseAnswer(faults.Loss{Match: faults.Statement("SELECT 'gate'")})
	if _, err := open(t, url).ExecContext(t.Context(), "SELECT 'gate'"); err == nil {
		t.Error("answer that was to be lost: got it, want an error")
	}
}
