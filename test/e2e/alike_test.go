package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

var digits = regexp.MustCompile(`\d+`)

// face is all of an answer that a client can compare with another's.
func face(t *testing.T, r service.Response) string {
	t.Helper()
	h := r.Header.Clone()
	for _, name := range []string{"Date", "X-Request-Id"} {
		h.Del(name)
	}
	// What is left, and for how long, changes with the time between two calls.
	for _, name := range []string{"Retry-After", "Ratelimit"} {
		if value := h.Get(name); value != "" {
			h.Set(name, digits.ReplaceAllString(value, "N"))
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name == "Content-Length" {
			continue // the request's id is in the body
		}
		lines = append(lines, name+": "+strings.Join(h[name], " | "))
	}
	body := map[string]any{}
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &body); err != nil {
			t.Fatalf("%s: %v", r.Body, err)
		}
		delete(body, "request_id")
	}
	return fmt.Sprintf("%d\n%s\n%v", r.Status, strings.Join(lines, "\n"), body)
}

// Nobody learns from an answer who has an account.
func TestAnswersTellNobodyWhoHasAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		for _, email := range []string{"known@example.com", "inactive@example.com", "locked@example.com", "taken@example.com"} {
			s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": email, "password": password}, from("192.0.2.200")).Want(http.StatusAccepted)
		}
		if _, stderr, code := s.Command("", "users", "disable", "inactive@example.com"); code != 0 {
			t.Fatalf("users disable: exit code %d: %s", code, stderr)
		}
		for i := range 105 { // until everybody is locked out of it
			loginFrom(s, fmt.Sprintf("198.51.100.%d", i), "locked@example.com", "a wrong password")
			loginFrom(s, fmt.Sprintf("203.0.113.%d", i), "nowhere@example.com", "a wrong password")
		}
		alike(t, "login", map[string]func(n int) service.Response{
			"unknown": func(int) service.Response {
				return loginFrom(s, "192.0.2.1", "unknown@example.com", "a wrong password")
			},
			"wrong password": func(int) service.Response {
				return loginFrom(s, "192.0.2.2", "known@example.com", "a wrong password")
			},
			"inactive, wrong": func(int) service.Response {
				return loginFrom(s, "192.0.2.3", "inactive@example.com", "a wrong password")
			},
			"inactive, right": func(int) service.Response { return loginFrom(s, "192.0.2.4", "inactive@example.com", password) },
			"no address":      func(int) service.Response { return loginFrom(s, "192.0.2.5", "unknown", "a wrong password") },
		})
		alike(t, "login while locked", map[string]func(n int) service.Response{
			"known, right": func(int) service.Response { return loginFrom(s, "192.0.2.11", "locked@example.com", password) },
			"known, wrong": func(int) service.Response {
				return loginFrom(s, "192.0.2.12", "locked@example.com", "a wrong password")
			},
			"unknown": func(int) service.Response {
				return loginFrom(s, "192.0.2.13", "nowhere@example.com", "a wrong password")
			},
		})
		alike(t, "register", map[string]func(n int) service.Response{
			"free": func(n int) service.Response {
				return s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": fmt.Sprintf("free%d@example.com", n), "password": password}, from("192.0.2.21"))
			},
			"taken": func(int) service.Response {
				return s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "taken@example.com", "password": password}, from("192.0.2.22"))
			},
			"of a disabled account": func(int) service.Response {
				return s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "inactive@example.com", "password": password}, from("192.0.2.23"))
			},
		})
		for i, path := range []string{"/auth/password/forgot", "/auth/email/resend"} {
			asking := func(n int, email string) func(int) service.Response {
				return func(int) service.Response {
					return s.JSON(http.MethodPost, path, map[string]string{"email": email}, from(fmt.Sprintf("192.0.2.%d", 30+10*i+n)))
				}
			}
			alike(t, path, map[string]func(n int) service.Response{
				"known": asking(1, "known@example.com"), "unknown": asking(2, "unknown@example.com"), "inactive": asking(3, "inactive@example.com"),
			})
		}
	}, limited...)
}

func TestAnswersTellNobodyWhichAPIKeysThereAre(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "root@example.com")
		issue := func(expires *time.Time) (key struct{ ID, Key string }) {
			s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "k", "permissions": []string{"users:read"}, "expires_at": expires}, service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)
			return key
		}
		soon := time.Now().Add(time.Second)
		good, revoked, expired := issue(nil), issue(nil), issue(&soon)
		s.Do(http.MethodDelete, "/api-keys/"+revoked.ID, nil, service.Bearer(admin.AccessToken)).Want(http.StatusNoContent)
		time.Sleep(time.Until(soon.Add(100 * time.Millisecond)))
		with := func(key, address string) func(int) service.Response {
			return func(int) service.Response {
				return s.Get("/users", service.Header("X-API-Key", key), from(address))
			}
		}
		other := revoked.Key[:strings.LastIndex(revoked.Key, "_")] + good.Key[strings.LastIndex(good.Key, "_"):]
		alike(t, "API keys", map[string]func(int) service.Response{
			"malformed": with("sp_nonsense", "192.0.2.1"), "another's secret": with(other, "192.0.2.2"), "revoked": with(revoked.Key, "192.0.2.3"),
			"expired": with(expired.Key, "192.0.2.4"), "a letter more": with(good.Key+"x", "192.0.2.5"),
		})
		s.Get("/users", service.Header("X-API-Key", good.Key)).Want(http.StatusOK)
	}, limited...)
}

// alike makes the calls, seven times each, and wants the answers to the nth
// calls to be the same.
func alike(t *testing.T, what string, calls map[string]func(n int) service.Response) {
	t.Helper()
	for n := range 7 {
		first, want := "", ""
		for _, name := range slices.Sorted(maps.Keys(calls)) {
			got := face(t, calls[name](n))
			if first == "" {
				first, want = name, got
			}
			if got != want {
				t.Errorf("%s %d: %s gets\n%s\n\nand %s gets\n%s\n\nwant no difference", what, n+1, first, want, name, got)
			}
		}
	}
}
