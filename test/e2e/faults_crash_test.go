package e2e

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// Faults that are proved elsewhere: SIGTERM under load in
// bootstrap, eight migrators at once in adapters/postgres, a full disk in
// adapters/sqlite, Redis in adapters/redislimit.

// TestPostgresKilledDuringRefreshesLosesNoSession kills PostgreSQL with -9 at
// moments that nobody chose. The grace covers the outage.
func TestPostgresKilledDuringRefreshesLosesNoSession(t *testing.T) {
	t.Parallel()
	server := servers.Postgres(t)
	url := server.CreateDatabase(t)
	settings := []string{"REFRESH_GRACE=60s", "DATABASE_MAX_CONNS=8"}
	a, b := service.Start(t, url, settings...), service.Start(t, url, settings...)
	c := newCrowd(6, a, b)
	_, ada := newUser(a, "ada@example.com")
	c.start(t)
	for range 3 {
		time.Sleep(200*time.Millisecond + rand.N(200*time.Millisecond))
		server.Kill9()
		for range 20 {
			if got := ask(b, ada.AccessToken); got != http.StatusOK && got != http.StatusServiceUnavailable {
				t.Errorf("/users/me while the database is down: status %d, want 200 or 503", got)
			}
		}
		server.Restart(t)
		accepts := time.Now()
		for _, s := range []*service.Service{a, b} {
			for ask(s, ada.AccessToken) != http.StatusOK {
				if time.Since(accepts) > 2*time.Second {
					t.Fatalf("/users/me is no 200 %v after PostgreSQL accepts again, want it within 2 s", time.Since(accepts))
				}
			}
		}
	}
	restarted := time.Now()
	time.Sleep(500 * time.Millisecond)
	c.end(t, a)
	for i, p := range c.people {
		if p.recovered.Before(restarted) {
			t.Errorf("person %d: last refreshed %v before the last restart was over", i, restarted.Sub(p.recovered))
		}
	}
}

// TestTheServiceKilledDuringRotationLosesNoSession kills one of two replicas.
func TestTheServiceKilledDuringRotationLosesNoSession(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"postgres": servers.SharedPostgres(t).CreateDatabase(t), "sqlite": "sqlite:" + t.TempDir() + "/killed.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service.Start(t, url, "REFRESH_GRACE=60s")
			c := newCrowd(6, s)
			c.start(t)
			for range 3 {
				time.Sleep(100*time.Millisecond + rand.N(200*time.Millisecond))
				s.Kill9()
				s.Run()
			}
			time.Sleep(200 * time.Millisecond)
			c.end(t, s)
		})
	}
}

// TestALostAnswerToARefreshIsGivenAgain loses what PostgreSQL says to the
// statement that moves a session, which by then has moved it.
func TestALostAnswerToARefreshIsGivenAgain(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	for _, c := range []struct {
		name  string
		grace string
		eof   bool // then the driver sends the statement once more
	}{
		{"a reset", "10s", false},
		{"an end of stream", "10s", true},
		{"an end of stream without a grace", "0s", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			proxy := faults.New(t, server.Addr())
			s := service.Start(t, proxy.Through(server.CreateDatabase(t)), "REFRESH_GRACE="+c.grace)
			_, last := newUser(s, "ada@example.com")
			for range 5 {
				armed := proxy.LoseAnswer(faults.Loss{Match: faults.Statement("UPDATE sessions s"), EOF: c.eof})
				status, got := attempt(s, last.RefreshToken)
				if armed.Fired() != 1 {
					t.Fatalf("answers lost: got %d, want 1", armed.Fired())
				}
				switch {
				case status == http.StatusServiceUnavailable && !c.eof:
					got = refresh(s, last.RefreshToken)
				case status != http.StatusOK:
					t.Fatalf("refresh whose answer was lost: status %d, want 200, or 503 where nothing is repeated", status)
				}
				if c.grace != "0s" {
					if again := refresh(s, last.RefreshToken); again.RefreshToken != got.RefreshToken {
						t.Error("a retry within the grace got another successor, want the same")
					}
				}
				me(s, got.AccessToken).Want(http.StatusOK)
				last = got
			}
			if got := s.Events("token.reuse_detected"); len(got) > 0 {
				t.Errorf("token.reuse_detected: logged %v, want never", got)
			}
		})
	}
}

// TestALogoutWhoseCommitIsUnknownCounts loses the answer to COMMIT: the client
// hears 503, and the session is over all the same, at once.
func TestALogoutWhoseCommitIsUnknownCounts(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	proxy := faults.New(t, server.Addr())
	s := service.Start(t, proxy.Through(server.CreateDatabase(t)))
	_, ada := newUser(s, "ada@example.com")
	seen(s, ada.AccessToken)
	armed := proxy.LoseAnswer(faults.Loss{})
	s.Do(http.MethodPost, "/auth/logout", nil, service.Bearer(ada.AccessToken)).Want(http.StatusServiceUnavailable)
	if armed.Fired() != 1 {
		t.Fatalf("commits lost: got %d, want 1", armed.Fired())
	}
	me(s, ada.AccessToken).Want(http.StatusUnauthorized)
	tryRefresh(s, ada.RefreshToken).Want(http.StatusUnauthorized)
}
