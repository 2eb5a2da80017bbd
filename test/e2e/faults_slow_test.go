package e2e

import (
	"database/sql"
	"net/http"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq" // the test holds locks of its own

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// within fails unless something took at least and at most so long. The bounds
// are those of the demand and of a hanging one, not of a fast machine.
func within(t *testing.T, what string, took, least, most time.Duration) {
	t.Helper()
	if took < least || took > most {
		t.Errorf("%s took %v, want %v to %v", what, took, least, most)
	}
}

// TestWhoeverFindsNoConnectionIsToldToComeBack has every connection wait for
// a lock: a third refresh finds none, and authorizing goes on from memory.
func TestWhoeverFindsNoConnectionIsToldToComeBack(t *testing.T) {
	t.Parallel()
	url := servers.SharedPostgres(t).CreateDatabase(t)
	s := service.Start(t, url, "DATABASE_MAX_CONNS=2")
	_, ada := newUser(s, "ada@example.com")
	sessions := []tokens{login(s, "ada@example.com"), login(s, "ada@example.com"), login(s, "ada@example.com")}
	seen(s, ada.AccessToken)
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lock, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Rollback()
	if _, err := lock.Exec("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	for i := range 2 {
		waiting.Go(func() {
			begun := time.Now()
			if status, _ := attempt(s, sessions[i].RefreshToken); status != http.StatusServiceUnavailable {
				t.Errorf("a refresh that a lock keeps waiting: status %d, want 503", status)
			}
			within(t, "a refresh that a lock keeps waiting", time.Since(begun), 1900*time.Millisecond, 3500*time.Millisecond)
		})
	}
	eventually(t, "two statements wait for the lock", func() bool {
		var n int
		err := db.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&n)
		return err == nil && n == 2
	})
	begun := time.Now()
	answer := tryRefresh(s, sessions[2].RefreshToken).Want(http.StatusServiceUnavailable)
	within(t, "a refresh that finds no connection", time.Since(begun), 900*time.Millisecond, 1900*time.Millisecond)
	if answer.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After, want one")
	}
	me(s, ada.AccessToken).Want(http.StatusOK)
	waiting.Wait()
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	for _, session := range sessions { // nobody has lost anything
		refresh(s, session.RefreshToken)
	}
}

// TestASlowDatabaseIsWaitedForUpToTwoSeconds delays what the service and
// PostgreSQL say to each other.
func TestASlowDatabaseIsWaitedForUpToTwoSeconds(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := service.Start(t, proxy.Through(server.CreateDatabase(t)))
	_, last := newUser(s, "ada@example.com")
	last = refresh(s, last.RefreshToken)
	seen(s, last.AccessToken)

	proxy.Delay(400 * time.Millisecond)
	last = refresh(s, last.RefreshToken)
	me(s, last.AccessToken).Want(http.StatusOK)

	proxy.Delay(1200 * time.Millisecond)
	begun := time.Now()
	tryRefresh(s, last.RefreshToken).Want(http.StatusServiceUnavailable)
	within(t, "a refresh with a database that is too slow", time.Since(begun), 1900*time.Millisecond, 3500*time.Millisecond)

	proxy.Blackhole()
	time.Sleep(bound) // nothing that is remembered is believed any more
	var all sync.WaitGroup
	for i := range 4 { // those who come while another asks wait no longer than it does
		all.Go(func() {
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			begun := time.Now()
			if status := ask(s, last.AccessToken); status != http.StatusServiceUnavailable {
				t.Errorf("/users/me with a database that says nothing: status %d, want 503", status)
			}
			within(t, "/users/me with a database that says nothing", time.Since(begun), 0, 3500*time.Millisecond)
		})
	}
	all.Wait()

	proxy.Pass()
	eventually(t, "the service answers again", func() bool { return ask(s, last.AccessToken) == http.StatusOK })
	refresh(s, last.RefreshToken)
}
