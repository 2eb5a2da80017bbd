package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// command runs a command that must succeed, and returns what it printed.
func command(t *testing.T, s *service.Service, args ...string) string {
	t.Helper()
	out, errs, code := s.Command("", args...)
	if code != 0 {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return strings.TrimSpace(out)
}

type signingKey struct{ KID, State, Algorithm string }

func signingKeys(t *testing.T, s *service.Service) []signingKey {
	t.Helper()
	var keys []signingKey
	if err := json.Unmarshal([]byte(command(t, s, "keys", "list", "--json")), &keys); err != nil {
		t.Fatalf("keys list: %v", err)
	}
	return keys
}

// jwks returns the ids of the keys that a replica publishes.
func jwks(s *service.Service) []string {
	var set struct{ Keys []struct{ Kid string } }
	s.Get("/.well-known/jwks.json").Want(http.StatusOK).Into(&set)
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// The command line changes keys in a process of its own; running servers
// follow within the bound.
func TestRunningServersFollowTheKeysOfTheCommandLine(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{"cache": nil, "no cache": {"STATE_CACHE=off"}} {
		t.Run("postgres, "+name, func(t *testing.T) {
			t.Parallel()
			database := servers.SharedPostgres(t).CreateDatabase(t)
			keysFollow(t, service.Start(t, database, settings...), service.Start(t, database, settings...))
		})
		t.Run("sqlite, "+name, func(t *testing.T) {
			t.Parallel()
			s := service.Start(t, "sqlite:"+filepath.Join(t.TempDir(), "s.db"), settings...)
			keysFollow(t, s, s)
		})
	}
}

func keysFollow(t *testing.T, a, b *service.Service) {
	t.Helper()
	_, ada := newUser(a, "ada@example.com")
	seen(b, ada.AccessToken)
	first := signingKeys(t, a)[0]
	next := command(t, a, "keys", "rotate")
	awaitKeys(t, "after the rotation", b, first.KID, next)
	if keys := signingKeys(t, a); len(keys) != 2 || keys[0].State != "signing" || keys[1].State != "published" {
		t.Errorf("after the rotation: got %v, want one that signs and one that is published", keys)
	}

	command(t, a, "keys", "revoke", first.KID)
	for _, s := range []*service.Service{a, b} {
		becomes(t, "a token of the revoked key", http.StatusUnauthorized, func() service.Response { return me(s, ada.AccessToken) })
	}
	awaitKeys(t, "after the revocation", b, next)
	fresh := refresh(b, ada.RefreshToken)
	me(a, fresh.AccessToken).Want(http.StatusOK)

	if _, errs, code := a.Command("", "keys", "revoke", "nobody"); code != 1 || !strings.Contains(errs, "keys list") {
		t.Errorf("revoke an unknown key: exit code %d, %q, want 1 and where to look", code, errs)
	}
}

// A replica that hears of no changes reads the keys again by itself.
// The replica has verified the token before, and remembers that.
func TestAReplicaThatHearsNothingStopsTrustingARevokedKey(t *testing.T) {
	t.Parallel()
	server := servers.SharedPostgres(t)
	database := server.CreateDatabase(t)
	line := faults.New(t, server.Addr())
	a, b := service.Start(t, database), service.Start(t, database, "DATABASE_DIRECT_URL="+line.Through(database))
	_, ada := newUser(a, "ada@example.com")
	seen(b, ada.AccessToken)
	line.Blackhole()
	command(t, a, "keys", "revoke", signingKeys(t, a)[0].KID)
	becomes(t, "a token of the revoked key", http.StatusUnauthorized, func() service.Response { return me(b, ada.AccessToken) })
	me(b, refresh(b, ada.RefreshToken).AccessToken).Want(http.StatusOK)
}

// awaitKeys waits, for up to the bound, until a replica publishes these keys.
func awaitKeys(t *testing.T, when string, s *service.Service, want ...string) {
	t.Helper()
	slices.Sort(want)
	for deadline := time.Now().Add(bound); ; {
		asked := time.Now()
		got := slices.Sorted(slices.Values(jwks(s)))
		if slices.Equal(got, want) {
			return
		}
		if asked.After(deadline) {
			t.Fatalf("%s: the key set holds %v after %v, want %v", when, got, bound, want)
		}
	}
}

// Three steps, each one replica after the other.
func TestASecretChangesUnderRunningReplicasAndNobodyIsLoggedOut(t *testing.T) {
	t.Parallel()
	database := servers.SharedPostgres(t).CreateDatabase(t)
	const older, newer = service.Secret, "0b7e4d91c2f85a3667e1904bd2c8f35a"
	run := func(settings ...string) *service.Service { return service.Start(t, database, settings...) }
	replicas := [2]*service.Service{run(), run()}
	_, ada := newUser(replicas[0], "ada@example.com")

	use := func() {
		t.Helper()
		for _, s := range replicas {
			ada = refresh(s, ada.RefreshToken)
			for _, other := range replicas {
				me(other, ada.AccessToken).Want(http.StatusOK)
			}
		}
	}
	use()
	for _, step := range [][]string{
		{"SECRET_PREVIOUS=" + newer},
		{"SECRET=" + newer, "SECRET_PREVIOUS=" + older},
	} {
		for i := range replicas {
			replicas[i].Stop()
			replicas[i] = run(step...)
			use()
		}
	}
	command(t, replicas[0], "keys", "rewrap")
	for i := range replicas {
		replicas[i].Stop()
		replicas[i] = run("SECRET=" + newer)
		use()
	}

	lost := service.Configure(t, database, "SECRET="+older)
	for _, args := range [][]string{{"serve"}, {"keys", "rotate"}, {"keys", "rewrap"}} {
		_, errs, code := lost.Command("", args...)
		if code != 2 || !strings.Contains(errs, "SALLYPORT_SECRET_PREVIOUS") || strings.Contains(errs, newer) || strings.Contains(errs, older) {
			t.Errorf("%v under a secret that opens nothing: exit code %d, %q, want 2 and the setting that mends it", args, code, errs)
		}
	}
	use()
}

func TestAnotherAlgorithmTakesOverWithoutARefusal(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "s.db")
	s := service.Start(t, database)
	_, ada := newUser(s, "ada@example.com")
	s.Stop()
	s = service.Start(t, database, "SIGNING_ALG=EdDSA")
	me(s, ada.AccessToken).Want(http.StatusOK)
	ada = refresh(s, ada.RefreshToken)
	me(s, ada.AccessToken).Want(http.StatusOK)
	await(t, "the new algorithm's key is published", func() bool {
		keys := signingKeys(t, s)
		return len(keys) == 2 && keys[0].State == "signing" && keys[1].State == "published" && keys[1].Algorithm == "EdDSA"
	})
}

func TestServicesSpeakOAuth(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "root@example.com")
		text := command(t, s, "apikeys", "create", "gateway", "--permission", "tokens:introspect", "--permission", "users:read")
		id := strings.Split(text, "_")[1]
		basic := func(r *http.Request) { r.SetBasicAuth(id, text) }
		var got tokens
		s.Form("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"users:read"}}, basic).Want(http.StatusOK).Into(&got)
		if got.RefreshToken != "" || got.ExpiresIn != 900 {
			t.Errorf("got %+v, want no refresh token, and 900 s", got)
		}
		listUsers(s, service.Bearer(got.AccessToken)).Want(http.StatusOK)
		s.Get("/roles", service.Bearer(got.AccessToken)).Want(http.StatusForbidden)
		s.Form("/oauth/introspect", url.Values{"token": {admin.AccessToken}}, service.Bearer(got.AccessToken)).Want(http.StatusForbidden)

		active := func(token string) bool {
			var found struct{ Active bool }
			s.Form("/oauth/introspect", url.Values{"token": {token}}, basic).Want(http.StatusOK).Into(&found)
			return found.Active
		}
		if !active(got.AccessToken) || !active(admin.AccessToken) || !active(admin.RefreshToken) || active("x") {
			t.Error("introspection says something else than what the tokens are worth")
		}
		s.Form("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {admin.RefreshToken}}).Want(http.StatusOK).Into(&admin)
		s.Form("/oauth/revoke", url.Values{"token": {admin.RefreshToken}}).Want(http.StatusOK)
		me(s, admin.AccessToken).Want(http.StatusUnauthorized)
		s.Form("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {admin.RefreshToken}}).Want(http.StatusBadRequest)
		s.Form("/oauth/token", url.Values{"grant_type": {"password"}}).Want(http.StatusBadRequest)
		s.Form("/oauth/token", url.Values{"grant_type": {"client_credentials"}}).Want(http.StatusUnauthorized)

		command(t, s, "apikeys", "revoke", id)
		becomes(t, "a token whose key is revoked", http.StatusUnauthorized, func() service.Response {
			return listUsers(s, service.Bearer(got.AccessToken))
		})
		s.Get("/.well-known/oauth-authorization-server").Want(http.StatusOK)
	})
}
