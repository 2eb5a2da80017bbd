package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// bound is how long another replica may not know of a change.
const bound = 3 * time.Second

// becomes asks until the answer has the status, for up to the bound.
func becomes(t *testing.T, what string, want int, ask func() service.Response) {
	t.Helper()
	for deadline := time.Now().Add(bound); ; {
		asked := time.Now()
		got := ask()
		if got.Status == want {
			return
		}
		if asked.After(deadline) {
			t.Fatalf("%s: status %d %v after the change, want %d: %s", what, got.Status, bound, want, got.Body)
		}
	}
}

// seen asks until the replica remembers what it answers with, so that a change
// has something to overcome.
func seen(s *service.Service, access string) {
	for range 3 {
		me(s, access).Want(http.StatusOK)
	}
}

type key struct{ ID, Key string }

func newKey(s *service.Service, admin tokens) (made key) {
	s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "reports", "permissions": []string{"users:read"}}, service.Bearer(admin.AccessToken)).
		Want(http.StatusCreated).Into(&made)
	return made
}

func listUsers(s *service.Service, credential service.Option) service.Response {
	return s.Get("/users", credential)
}

// TestAChangeOnOneReplicaCountsOnAll makes each change on one replica: there
// it counts on the next request, on the other within the bound.
func TestAChangeOnOneReplicaCountsOnAll(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{"cache": nil, "no cache": {"STATE_CACHE=off"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := servers.SharedPostgres(t).CreateDatabase(t)
			changesCount(t, service.Start(t, url, settings...), service.Start(t, url, settings...))
		})
	}
}

func changesCount(t *testing.T, a, b *service.Service) {
	t.Helper()
	_, admin := newAdmin(t, a, "root@example.com")
	who, ada := newUser(a, "ada@example.com")
	asAda := func(s *service.Service) service.Response { return listUsers(s, service.Bearer(ada.AccessToken)) }
	asAdmin := service.Bearer(admin.AccessToken)
	counts := func(what string, status int, ask func(*service.Service) service.Response) {
		t.Helper()
		if got := ask(a); got.Status != status {
			t.Errorf("%s, asked where it was made: status %d, want %d", what, got.Status, status)
		}
		becomes(t, what+", asked elsewhere", status, func() service.Response { return ask(b) })
	}

	seen(b, ada.AccessToken)
	asAda(b).Want(http.StatusForbidden)
	a.JSON(http.MethodPut, "/users/"+who.ID+"/roles", map[string]any{"roles": []string{"user", "moderator"}}, asAdmin).Want(http.StatusOK)
	counts("a role granted", http.StatusOK, asAda)
	a.JSON(http.MethodPut, "/users/"+who.ID+"/roles", map[string]any{"roles": []string{"user"}}, asAdmin).Want(http.StatusOK)
	counts("a role revoked", http.StatusForbidden, asAda)

	a.JSON(http.MethodPut, "/roles/auditor", map[string]any{"permissions": []string{"users:read"}}, asAdmin).Want(http.StatusCreated)
	a.JSON(http.MethodPut, "/users/"+who.ID+"/roles", map[string]any{"roles": []string{"auditor"}}, asAdmin).Want(http.StatusOK)
	counts("a role of its own", http.StatusOK, asAda)
	a.JSON(http.MethodPut, "/roles/auditor", map[string]any{"permissions": []string{}}, asAdmin).Want(http.StatusOK)
	counts("a role that may less", http.StatusForbidden, asAda)

	made := newKey(a, admin)
	asKey := func(s *service.Service) service.Response { return listUsers(s, service.Header("X-API-Key", made.Key)) }
	asKey(b).Want(http.StatusOK)
	a.Do(http.MethodDelete, "/api-keys/"+made.ID, nil, asAdmin).Want(http.StatusNoContent)
	counts("an API key revoked", http.StatusForbidden, asKey)

	asMe := func(access string) func(*service.Service) service.Response {
		return func(s *service.Service) service.Response { return me(s, access) }
	}
	a.Form("/auth/logout", url.Values{"refresh_token": {ada.RefreshToken}}).Want(http.StatusNoContent)
	counts("a logout", http.StatusUnauthorized, asMe(ada.AccessToken))
	if got := tryRefresh(b, ada.RefreshToken); got.Status != http.StatusUnauthorized {
		t.Errorf("a refresh after the logout: status %d, want 401", got.Status)
	}

	ada = login(b, "ada@example.com")
	seen(b, ada.AccessToken)
	a.JSON(http.MethodPatch, "/users/"+who.ID, map[string]any{"is_active": false}, asAdmin).Want(http.StatusOK)
	counts("a user disabled", http.StatusUnauthorized, asMe(ada.AccessToken))
	a.JSON(http.MethodPatch, "/users/"+who.ID, map[string]any{"is_active": true}, asAdmin).Want(http.StatusOK)
	ada = login(b, "ada@example.com")
	seen(b, ada.AccessToken)
	a.JSON(http.MethodPost, "/auth/password/change", map[string]string{"current_password": password, "new_password": "another quiet river"}, service.Bearer(ada.AccessToken)).Want(http.StatusOK)
	counts("a password changed", http.StatusUnauthorized, asMe(ada.AccessToken))

	tryLogin(b, "ada@example.com", "another quiet river").Want(http.StatusOK).Into(&ada)
	seen(b, ada.AccessToken)
	a.Do(http.MethodDelete, "/users/"+who.ID, nil, asAdmin).Want(http.StatusNoContent)
	counts("a user deleted", http.StatusUnauthorized, asMe(ada.AccessToken))
}

// TestTheCommandLineCountsOnARunningServer changes the database by another
// process; on SQLite that is the only kind of replica there is.
func TestTheCommandLineCountsOnARunningServer(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		who, ada := newUser(s, "ada@example.com")
		command := func(args ...string) {
			t.Helper()
			if _, stderr, code := s.Command("", args...); code != 0 {
				t.Fatalf("%v: exit code %d: %s", args, code, stderr)
			}
		}
		seen(s, ada.AccessToken)
		command("users", "grant", who.Email, "moderator")
		becomes(t, "a role granted", http.StatusOK, func() service.Response { return listUsers(s, service.Bearer(ada.AccessToken)) })
		command("users", "revoke", who.Email, "moderator")
		becomes(t, "a role revoked", http.StatusForbidden, func() service.Response { return listUsers(s, service.Bearer(ada.AccessToken)) })
		command("users", "disable", who.Email)
		becomes(t, "a user disabled", http.StatusUnauthorized, func() service.Response { return me(s, ada.AccessToken) })
		if got := me(s, ada.AccessToken).Detail(); got != "User not found or inactive" {
			t.Errorf("detail %q, want %q", got, "User not found or inactive")
		}
	})
}

// TestBehindPgBouncerChangesAreHeardOverTheDirectLine has the pool behind
// PgBouncer in transaction mode, where LISTEN does not last.
func TestBehindPgBouncerChangesAreHeardOverTheDirectLine(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	direct := server.CreateDatabase(t)
	parsed, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	pooled := servers.PgBouncer(t, server.Addr()).URL(parsed.Path[1:])
	a := service.Start(t, pooled, "DATABASE_DIRECT_URL="+direct)
	b := service.Start(t, pooled, "DATABASE_DIRECT_URL="+direct)
	changesCount(t, a, b)
	if deaf(b) {
		t.Error("the log says that no changes are told, want the feed to be followed")
	}
}

func TestAnAPIKeysLastUseIsStoredAtAShutdown(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "root@example.com")
		made := newKey(s, admin)
		listUsers(s, service.Header("X-API-Key", made.Key)).Want(http.StatusOK)
		lastUse := func() (got struct {
			Items []struct {
				LastUsedAt *time.Time `json:"last_used_at"`
			}
		}) {
			s.Get("/api-keys", service.Bearer(admin.AccessToken)).Want(http.StatusOK).Into(&got)
			return got
		}
		if got := lastUse(); len(got.Items) != 1 || got.Items[0].LastUsedAt != nil {
			t.Errorf("before the minute is over: got %+v, want one key with no last use", got)
		}
		if code := s.Stop(); code != 0 {
			t.Fatalf("exit code %d, want 0", code)
		}
		s.Run()
		if got := lastUse(); len(got.Items) != 1 || got.Items[0].LastUsedAt == nil || time.Since(*got.Items[0].LastUsedAt) > time.Hour {
			t.Errorf("after a restart: got %+v, want one key used just now", got)
		}
	})
}
