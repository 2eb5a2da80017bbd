package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// What a client may rely on and nearly could not.

func TestAProxysQuestionThatIsNoValidQueryLetsNobodyPass(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		for _, query := range []string{"role=admin;x", "role=%zz", "role=admin;permission=users:read", "permission=users:read;"} {
			answer := s.Get("/auth/forward?"+query, service.Bearer(got.AccessToken))
			if answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("?%s: status %d, want 422: what net/url can't read would not be asked", query, answer.Status)
			}
			if subject := answer.Header.Get("X-Auth-Subject"); subject != "" {
				t.Errorf("?%s: X-Auth-Subject %q, want none", query, subject)
			}
		}
	})
}

func TestAListsQueryThatIsNoneIsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "root@example.com")
		for _, path := range []string{"/users?limit=%zz", "/users?is_active=false;limit=1", "/roles?limit=1;", "/audit-events?subject=%f"} {
			s.Get(path, service.Bearer(admin.AccessToken)).Want(http.StatusUnprocessableEntity)
		}
	})
}

func TestAStaleIfMatchLeavesOnesOwnNameAlone(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		bearer := service.Bearer(got.AccessToken)
		tag := s.Get("/users/me", bearer).Want(http.StatusOK).Header.Get("ETag")
		rename := func(name, match string) service.Response {
			return s.JSON(http.MethodPatch, "/users/me", map[string]string{"name": name}, bearer, service.Header("If-Match", match))
		}
		rename("Ada", tag).Want(http.StatusOK)
		rename("Eve", tag).Want(http.StatusPreconditionFailed)
		var who account
		s.Get("/users/me", bearer).Want(http.StatusOK).Into(&who)
		if who.Name != "Ada" {
			t.Errorf("name %q, want Ada: the second change was based on what was no more", who.Name)
		}
	})
}

func TestLoggingOutNeedsNoBodyWhateverItsTypeIsCalled(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		s.Do(http.MethodPost, "/auth/logout", nil, service.Bearer(got.AccessToken), service.Header("Content-Type", "application/json")).Want(http.StatusNoContent)
		me(s, got.AccessToken).Want(http.StatusUnauthorized)
	})
}

func TestTheSeedsRefreshNeedsNoBodyWhateverItsTypeIsCalled(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, got := newUser(s, "ada@example.com")
		typed := service.Header("Content-Type", "application/json")
		s.Do(http.MethodPost, "/auth/refresh?refresh_token="+got.RefreshToken, nil, typed).Want(http.StatusOK)
		s.Do(http.MethodPost, "/auth/refresh", nil, typed).Want(http.StatusUnprocessableEntity)
	})
}

func TestAWrongSettingLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"no such limiter":     {"RATE_LIMIT_URL=carrier-pigeon:"},
		"no such certificate": {"TLS_CERT=gone.pem", "TLS_KEY=gone.pem"},
		"no such templates":   {"MAIL_TEMPLATES=gone"},
		"no such storage":     {"DATABASE_URL=carrier-pigeon:x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			s := service.Configure(t, "sqlite:"+filepath.Join(folder, "new.db"), append([]string{"SECRET="}, settings...)...)
			if _, stderr, code := s.Command("", "serve"); code != 2 || strings.Count(stderr, "\n") != 1 {
				t.Errorf("exit code %d, want 2 and one line: %s", code, stderr)
			}
			left, err := os.ReadDir(folder)
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v; want nothing", left, err)
			}
		})
	}
}
