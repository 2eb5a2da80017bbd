package e2e

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// No secret is in a log or in the database: every password, token and key that
// the service saw is looked for in both (CWE-532, CWE-312).
func TestNoSecretIsInTheLogOrTheDatabase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sallyport.db")
	s := service.Start(t, "sqlite:"+file, "LOG_LEVEL=debug")
	const wrong, chosen, queried, nonsense = "wr0ng-and-telling", "chosen-and-telling-words", "queried-and-telling", "nonsense.and.telling-token"
	secrets := map[string]string{
		"a password": password, "a wrong password": wrong, "a new password": chosen, "a password in a query": queried, "a token of nobody's": nonsense, "the service's secret": service.Secret,
	}
	keep := func(what string, got tokens) tokens {
		secrets[what+", access token"], secrets[what+", refresh token"] = got.AccessToken, got.RefreshToken
		return got
	}
	_, first := newUser(s, "ada@example.com")
	keep("the first login", first)
	tryLogin(s, "ada@example.com", wrong)
	tryLogin(s, wrong, wrong) // people type it into the wrong field
	second := keep("a refresh", refresh(s, first.RefreshToken))
	tryRefresh(s, nonsense)
	s.Do(http.MethodPost, "/auth/refresh?refresh_token="+url.QueryEscape(second.RefreshToken), nil).Want(http.StatusOK).Into(&second)
	keep("a refresh by query", second)
	me(s, nonsense)
	s.Get("/users/me?access_token=" + queried)
	s.Do(http.MethodPost, "/auth/login?username=ada%40example.com&password="+queried, nil)
	s.Get("/nowhere?password=" + queried)
	s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": queried, "password": wrong})
	var changed tokens
	s.JSON(http.MethodPost, "/auth/password/change", map[string]string{"current_password": wrong, "new_password": chosen}, service.Bearer(second.AccessToken)).Want(http.StatusUnprocessableEntity)
	s.JSON(http.MethodPost, "/auth/password/change", map[string]string{"current_password": password, "new_password": chosen}, service.Bearer(second.AccessToken)).Want(http.StatusOK).Into(&changed)
	keep("a password change", changed)

	_, admin := newAdmin(t, s, "root@example.com")
	keep("the admin's login", admin)
	var key struct{ ID, Key string }
	s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "k", "permissions": []string{"users:read", "tokens:introspect"}}, service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)
	secrets["an API key"] = key.Key
	secrets["an API key's secret"] = strings.TrimPrefix(key.Key, "sp_"+key.ID+"_")
	s.Get("/users", service.Header("X-API-Key", key.Key)).Want(http.StatusOK)
	s.Get("/users", service.Header("X-API-Key", key.Key+"x"))
	basic := base64.StdEncoding.EncodeToString([]byte(key.ID + ":" + key.Key))
	secrets["an API key as Basic"] = basic
	var machine struct {
		AccessToken string `json:"access_token"`
	}
	s.Form("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, service.Header("Authorization", "Basic "+basic)).Want(http.StatusOK).Into(&machine)
	secrets["a service's access token"] = machine.AccessToken
	s.Form("/oauth/introspect", url.Values{"token": {changed.AccessToken}}, service.Header("X-API-Key", key.Key))
	s.Form("/oauth/revoke", url.Values{"token": {nonsense}})
	s.Form("/oauth/token", url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {wrong}})
	s.JSON(http.MethodPost, "/auth/authorize", map[string]string{"token": changed.AccessToken}, service.Header("X-API-Key", key.Key))
	s.JSON(http.MethodPost, "/auth/password/reset", map[string]string{"token": nonsense, "new_password": wrong})
	s.JSON(http.MethodPost, "/auth/email/verify", map[string]string{"token": nonsense})
	s.JSON(http.MethodPost, "/auth/email/change", map[string]string{"new_email": "new@example.com", "current_password": chosen}, service.Bearer(changed.AccessToken))
	s.Form("/auth/logout", url.Values{"refresh_token": {changed.RefreshToken}}).Want(http.StatusNoContent)
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}

	places := map[string]string{"the log": s.Log()}
	for _, suffix := range []string{"", "-wal"} {
		if text, err := os.ReadFile(file + suffix); err == nil {
			places["the database"] += string(text)
		}
	}
	if len(places["the database"]) < 10_000 || len(places["the log"]) < 1_000 {
		t.Fatalf("%d bytes of database and %d of log, want what was written", len(places["the database"]), len(places["the log"]))
	}
	for place, text := range places {
		for what, secret := range secrets {
			if len(secret) < 15 {
				t.Fatalf("%s is %q, too short to look for", what, secret)
			}
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", place, what)
			}
			// A token's signature or the end of a key gives it away as well.
			if tail := secret[len(secret)*2/3:]; len(tail) >= 20 && strings.Contains(text, tail) {
				t.Errorf("%s holds the end of %s", place, what)
			}
		}
	}
}
