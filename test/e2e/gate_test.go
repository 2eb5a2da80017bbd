package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestALoginOpensTheAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		register(s, "Ada@Example.COM ")
		for name, answer := range map[string]service.Response{
			"form": tryLogin(s, "ada@example.com", password),
			"form of an OAuth client": s.Form("/auth/login", url.Values{
				"grant_type": {"password"}, "username": {"ADA@example.com"}, "password": {password},
				"scope": {""}, "client_id": {"x"}, "client_secret": {"y"},
			}),
			"JSON": s.JSON(http.MethodPost, "/auth/login", map[string]string{"username": "ada@example.com", "password": password}),
		} {
			var got tokens
			answer.Want(http.StatusOK).Into(&got)
			if got.TokenType != "bearer" || got.ExpiresIn != 900 || got.RefreshExpiresIn != 604800 {
				t.Errorf("%s: got %q for %d s and %d s, want bearer, 900 and 604800", name, got.TokenType, got.ExpiresIn, got.RefreshExpiresIn)
			}
			if cache := answer.Header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("%s: Cache-Control %q, want no-store", name, cache)
			}
			var who account
			me(s, got.AccessToken).Want(http.StatusOK).Into(&who)
			if who.Email != "ada@example.com" || !who.IsActive || !slices.Equal(who.Roles, []string{"user"}) {
				t.Errorf("%s: /users/me is %+v, want an active ada@example.com with the role user", name, who)
			}
		}
	})
}

func TestEveryFailedLoginIsOneAnswer(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		who, _ := newUser(s, "ada@example.com")
		if _, stderr, code := s.Command("", "users", "disable", who.Email); code != 0 {
			t.Fatalf("users disable: exit code %d: %s", code, stderr)
		}
		register(s, "bob@example.com")
		for name, answer := range map[string]service.Response{
			"unknown user":                 tryLogin(s, "nobody@example.com", password),
			"wrong password":               tryLogin(s, "bob@example.com", "not the password"),
			"inactive, right password":     tryLogin(s, "ada@example.com", password),
			"inactive, wrong password":     tryLogin(s, "ada@example.com", "not the password"),
			"a username that is no email":  tryLogin(s, "admin", password),
			"a look-alike of the username": tryLogin(s, "ｂob@example.com", password),
		} {
			answer.Want(http.StatusUnauthorized)
			if got, want := answer.Detail(), "Incorrect email or password"; got != want {
				t.Errorf("%s: detail %q, want %q", name, got, want)
			}
			if got, want := answer.Header.Get("WWW-Authenticate"), "Bearer"; got != want {
				t.Errorf("%s: WWW-Authenticate %q, want %q", name, got, want)
			}
		}
	})
}

func TestParallelRefreshesConvergeOnOneSuccessor(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, first := newUser(s, "ada@example.com")
		const tabs = 50
		answers := make([]service.Response, tabs)
		var all sync.WaitGroup
		for i := range tabs {
			all.Go(func() { answers[i] = tryRefresh(s, first.RefreshToken) })
		}
		all.Wait()
		successors := map[string]int{}
		for i, answer := range answers {
			if answer.Status != http.StatusOK {
				t.Fatalf("refresh %d of %d: status %d, want 200: %s", i, tabs, answer.Status, answer.Body)
			}
			var got tokens
			answer.Into(&got)
			successors[got.RefreshToken]++
			me(s, got.AccessToken).Want(http.StatusOK)
		}
		if len(successors) != 1 {
			t.Errorf("%d distinct successors, want 1", len(successors))
		}
	})
}

func TestATokenUsedAgainAfterTheGraceEndsTheSession(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, first := newUser(s, "ada@example.com")
		second := refresh(s, first.RefreshToken)
		reuse := tryRefresh(s, first.RefreshToken).Want(http.StatusUnauthorized)
		if got, want := reuse.Detail(), "Invalid refresh token"; got != want {
			t.Errorf("detail of the reuse %q, want %q", got, want)
		}
		me(s, second.AccessToken).Want(http.StatusUnauthorized)
		tryRefresh(s, second.RefreshToken).Want(http.StatusUnauthorized)
		if events := s.Events("token.reuse_detected"); len(events) != 1 {
			t.Errorf("%d token.reuse_detected in the log, want 1", len(events))
		}
	}, "REFRESH_GRACE=0s")
}

func TestWithoutRotationThereIsOneRefreshToken(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, first := newUser(s, "ada@example.com")
		for range 3 {
			got := refresh(s, first.RefreshToken)
			if got.RefreshToken != first.RefreshToken {
				t.Fatal("the refresh token changed, want the same for the whole session")
			}
			me(s, got.AccessToken).Want(http.StatusOK)
		}
		s.Form("/auth/logout", url.Values{"refresh_token": {first.RefreshToken}}).Want(http.StatusNoContent)
		tryRefresh(s, first.RefreshToken).Want(http.StatusUnauthorized)
	}, "REFRESH_ROTATION=off")
}

func TestTheSeedsQueryParameterRefreshesWhereItIsOn(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, first := newUser(s, "ada@example.com")
		answer := s.Do(http.MethodPost, "/auth/refresh?refresh_token="+url.QueryEscape(first.RefreshToken), nil).Want(http.StatusOK)
		if got := answer.Header.Get("Deprecation"); got != "true" {
			t.Errorf("Deprecation %q, want true", got)
		}
	})
}

func TestLogoutsEndSessionsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, one := newUser(s, "ada@example.com")
		two, three := login(s, "ada@example.com"), login(s, "ada@example.com")

		s.Form("/auth/logout", url.Values{"refresh_token": {one.RefreshToken}}).Want(http.StatusNoContent)
		me(s, one.AccessToken).Want(http.StatusUnauthorized)
		s.Form("/auth/logout", url.Values{"refresh_token": {one.RefreshToken}}).Want(http.StatusNoContent)

		s.Do(http.MethodPost, "/auth/logout", nil, service.Bearer(two.AccessToken)).Want(http.StatusNoContent)
		s.Do(http.MethodPost, "/auth/logout", nil, service.Bearer(two.AccessToken)).Want(http.StatusNoContent)
		tryRefresh(s, two.RefreshToken).Want(http.StatusUnauthorized)

		me(s, three.AccessToken).Want(http.StatusOK)
		four := login(s, "ada@example.com")
		s.Do(http.MethodPost, "/auth/logout-all", nil, service.Bearer(three.AccessToken)).Want(http.StatusNoContent)
		me(s, three.AccessToken).Want(http.StatusUnauthorized)
		me(s, four.AccessToken).Want(http.StatusUnauthorized)
		tryRefresh(s, four.RefreshToken).Want(http.StatusUnauthorized)
		s.Do(http.MethodPost, "/auth/logout", nil).Want(http.StatusUnauthorized)
	})
}

func TestAPasswordChangeEndsEveryOlderSession(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, old := newUser(s, "ada@example.com")
		other := login(s, "ada@example.com")
		const chosen = "another river at dusk"
		change := func(current, chosen string) service.Response {
			return s.JSON(http.MethodPost, "/auth/password/change",
				map[string]string{"current_password": current, "new_password": chosen}, service.Bearer(old.AccessToken))
		}
		var problem struct{ Errors []struct{ Field string } }
		change("not the password", chosen).Want(http.StatusUnprocessableEntity).Into(&problem)
		if len(problem.Errors) != 1 || problem.Errors[0].Field != "current_password" {
			t.Errorf("errors %+v, want one on current_password", problem.Errors)
		}
		change(password, "short").Want(http.StatusUnprocessableEntity)
		me(s, other.AccessToken).Want(http.StatusOK)

		var fresh tokens
		change(password, chosen).Want(http.StatusOK).Into(&fresh)
		me(s, old.AccessToken).Want(http.StatusUnauthorized)
		me(s, other.AccessToken).Want(http.StatusUnauthorized)
		tryRefresh(s, old.RefreshToken).Want(http.StatusUnauthorized)
		me(s, fresh.AccessToken).Want(http.StatusOK)
		refresh(s, fresh.RefreshToken)
		tryLogin(s, "ada@example.com", password).Want(http.StatusUnauthorized)
		tryLogin(s, "ada@example.com", chosen).Want(http.StatusOK)
	})
}

func TestATokenIsTakenForWhatItIs(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		stranger := service.Start(t, "sqlite:stranger.db", "SECRET=00112233445566778899aabbccddeeff")
		_, foreign := newUser(stranger, "ada@example.com")
		const invalid = `Bearer error="invalid_token"`
		for name, c := range map[string]struct {
			answer         service.Response
			detail, header string
		}{
			"no credential":            {s.Get("/users/me"), "Could not validate credentials", "Bearer"},
			"garbage":                  {me(s, "garbage"), "Could not validate credentials", invalid},
			"foreign access token":     {me(s, foreign.AccessToken), "Could not validate credentials", invalid},
			"refresh token as access":  {me(s, got.RefreshToken), "Invalid token type", invalid},
			"access token as refresh":  {tryRefresh(s, got.AccessToken), "Invalid token type", invalid},
			"garbage as refresh token": {tryRefresh(s, "garbage"), "Invalid refresh token", "Bearer"},
			"foreign refresh token":    {tryRefresh(s, foreign.RefreshToken), "Invalid refresh token", "Bearer"},
			"another scheme":           {s.Get("/users/me", service.Header("Authorization", "Basic YTpi")), "Could not validate credentials", invalid},
			"two Authorization headers": {s.Get("/users/me", func(r *http.Request) {
				r.Header["Authorization"] = []string{"Bearer " + got.AccessToken, "Bearer " + got.AccessToken}
			}), "Could not validate credentials", invalid},
			"bearer and API key": {s.Get("/users/me", service.Bearer(got.AccessToken), service.Header("X-API-Key", "sp_x")), "Could not validate credentials", invalid},
		} {
			c.answer.Want(http.StatusUnauthorized)
			if detail := c.answer.Detail(); detail != c.detail {
				t.Errorf("%s: detail %q, want %q", name, detail, c.detail)
			}
			if header := c.answer.Header.Get("WWW-Authenticate"); header != c.header {
				t.Errorf("%s: WWW-Authenticate %q, want %q", name, header, c.header)
			}
		}
		me(s, got.AccessToken).Want(http.StatusOK)
		refresh(s, got.RefreshToken)
	})
}

func TestRegistrationNeverTellsWhoHasAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		newUser(s, "ada@example.com")
		first := s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "bob@example.com", "password": password}).Want(http.StatusAccepted)
		taken := s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "ADA@example.com", "password": "a different one entirely"}).Want(http.StatusAccepted)
		if !bytes.Equal(first.Body, taken.Body) || string(taken.Body) != `{"status":"accepted"}` {
			t.Errorf("free: %s, taken: %s, want the same", first.Body, taken.Body)
		}
		login(s, "ada@example.com")
	})
}

func TestClosedRegistrationSaysSo(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		answer := s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "ada@example.com", "password": password}).Want(http.StatusForbidden)
		if got, want := answer.Detail(), "Registration is closed"; got != want {
			t.Errorf("detail %q, want %q", got, want)
		}
	}, "REGISTRATION=closed")
}
