package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// replicas are two services on one database, of which one hears of changes
// through a proxy.
type replicas struct {
	a, b  *service.Service
	line  *faults.Proxy // b's
	admin service.Option
	who   account
	ada   tokens
}

func twoReplicas(t *testing.T) *replicas {
	t.Helper()
	server := servers.SharedPostgres(t)
	url := server.CreateDatabase(t)
	r := &replicas{line: faults.New(t, server.Addr())}
	r.a, r.b = service.Start(t, url), service.Start(t, url, "DATABASE_DIRECT_URL="+r.line.Through(url))
	_, root := newAdmin(t, r.a, "root@example.com")
	r.admin = service.Bearer(root.AccessToken)
	r.who, r.ada = newUser(r.a, "ada@example.com")
	return r
}

// role gives Ada the role moderator, or takes it, and returns what b says to
// her listing users from then on.
func (r *replicas) role(moderator bool) (want int) {
	roles, want := []string{"user"}, http.StatusForbidden
	if moderator {
		roles, want = []string{"moderator"}, http.StatusOK
	}
	r.a.JSON(http.MethodPut, "/users/"+r.who.ID+"/roles", map[string]any{"roles": roles}, r.admin).Want(http.StatusOK)
	return want
}

func (r *replicas) list() service.Response { return listUsers(r.b, service.Bearer(r.ada.AccessToken)) }

func TestAChangeFeedThatIsCutIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	r := twoReplicas(t)
	r.line.Refuse() // it does not come back
	r.list().Want(http.StatusForbidden)
	r.line.Reset()
	eventually(t, "the log says that the feed is lost", func() bool { return deaf(r.b) })
	for i := range 6 { // from then on each request asks
		want := r.role(i%2 == 0)
		r.list().Want(want)
	}
	r.line.Pass()
	eventually(t, "the log says that the feed is back", func() bool { return !deaf(r.b) })
	becomes(t, "a change when the feed is back", http.StatusOK, func() service.Response {
		r.role(true)
		return r.list()
	})
}

// TestAChangeFeedThatFallsSilentIsNotBelieved has changes from just after the
// silence begins: for no longer than the bound may the other replica not know.
func TestAChangeFeedThatFallsSilentIsNotBelieved(t *testing.T) {
	t.Parallel()
	r := twoReplicas(t)
	seen(r.b, r.ada.AccessToken)
	r.list().Want(http.StatusForbidden)
	r.line.Blackhole()
	want := r.role(true)
	becomes(t, "a change that nobody told of", want, r.list)
	eventually(t, "the log says that the feed is lost", func() bool { return deaf(r.b) })
	for i := range 6 {
		want := r.role(i%2 == 1)
		r.list().Want(want)
	}
	r.line.Pass()
	eventually(t, "the log says that the feed is back", func() bool { return !deaf(r.b) })
	want = r.role(false)
	becomes(t, "a change when the feed is back", want, r.list)
}

// TestManyReadersOfASilentFeedAreAllRight has what one replica remembers be
// asked for all the time while the other ends the session.
func TestManyReadersOfASilentFeedAreAllRight(t *testing.T) {
	t.Parallel()
	r := twoReplicas(t)
	seen(r.b, r.ada.AccessToken)
	r.line.Blackhole()
	r.a.Do(http.MethodPost, "/auth/logout-all", nil, service.Bearer(r.ada.AccessToken)).Want(http.StatusNoContent)
	changed := time.Now()
	stale := make(chan time.Duration, 8)
	for range cap(stale) {
		go func() {
			longest := time.Duration(0)
			for time.Since(changed) < bound+time.Second {
				asked := time.Now()
				if ask(r.b, r.ada.AccessToken) == http.StatusOK {
					longest = max(longest, asked.Sub(changed))
				}
			}
			stale <- longest
		}()
	}
	for range cap(stale) {
		if longest := <-stale; longest > bound {
			t.Errorf("a session was still good %v after it had ended, want %v at most", longest, bound)
		}
	}
}
