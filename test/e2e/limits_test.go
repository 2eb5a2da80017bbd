package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// limited are the settings of a service that limits, and takes the test's word
// for where a request comes from.
var limited = []string{"RATE_LIMIT_URL=memory:", "TRUSTED_PROXIES=127.0.0.1/32"}

func from(address string) service.Option { return service.Header("X-Forwarded-For", address) }

func loginFrom(s *service.Service, address, email, password string) service.Response {
	return s.Form("/auth/login", url.Values{"username": {email}, "password": {password}}, from(address))
}

func TestTheAnswersTellWhatIsLeftOfTheLimits(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		register(s, "ada@example.com")
		answer := loginFrom(s, "192.0.2.1", "ada@example.com", password).Want(http.StatusOK)
		if got, want := answer.Header.Get("RateLimit-Policy"), `"login-client";q=20;w=60`; got != want {
			t.Errorf("RateLimit-Policy %q, want %q", got, want)
		}
		if got, want := answer.Header.Get("RateLimit"), `"login-client";r=9;t=3`; got != want {
			t.Errorf("RateLimit %q, want %q: half of them at once", got, want)
		}
		for range 5 {
			loginFrom(s, "192.0.2.2", "ada@example.com", "a wrong password").Want(http.StatusUnauthorized)
		}
		refused := loginFrom(s, "192.0.2.2", "ada@example.com", password).Want(http.StatusTooManyRequests)
		if got, want := refused.Header.Get("RateLimit-Policy"), `"login-client";q=20;w=60, "login-failures";q=5;w=900`; got != want {
			t.Errorf("RateLimit-Policy %q, want %q", got, want)
		}
		if got := refused.Header.Get("RateLimit"); !regexp.MustCompile(`^"login-failures";r=0;t=(60|5\d)$`).MatchString(got) {
			t.Errorf("RateLimit %q, want the limit that refused, for a minute", got)
		}
		if wait := refused.Header.Get("Retry-After"); !regexp.MustCompile(`^(60|5\d)$`).MatchString(wait) {
			t.Errorf("Retry-After %q, want a minute", wait)
		}
		if got := me(s, "garbage").Want(http.StatusUnauthorized).Header.Values("RateLimit"); got != nil {
			t.Errorf("RateLimit %q where nothing is limited, want none", got)
		}
	}, limited...)
}

func TestEachLimitRefusesWithItsOwnName(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		register(s, "ada@example.com")
		post := func(path string, body map[string]string) func() service.Response {
			return func() service.Response { return s.JSON(http.MethodPost, path, body, from("192.0.2.9")) }
		}
		session := login(s, "ada@example.com")
		for name, c := range map[string]struct {
			policy string
			call   func() service.Response
		}{
			"refreshes of a session": {`"refresh-session";q=60;w=60`, func() service.Response {
				answer := s.Form("/auth/refresh", url.Values{"refresh_token": {session.RefreshToken}})
				if answer.Status == http.StatusOK {
					answer.Into(&session)
				}
				return answer
			}},
			"registrations": {`"register";q=5;w=3600`, post("/auth/register", map[string]string{"email": "bob@example.com", "password": password})},
			"mails":         {`"forgot-client";q=10;w=3600`, post("/auth/password/forgot", map[string]string{"email": "nobody@example.com"})},
			"mailed tokens": {`"reset";q=10;w=60`, post("/auth/password/reset", map[string]string{"token": "nonsense", "new_password": password})},
			"wrong API keys": {`"api-key-failures";q=20;w=60`, func() service.Response {
				return s.Get("/users", service.Header("X-API-Key", "sp_nonsense"), from("192.0.2.9"))
			}},
			"failed refreshes": {`"refresh-failures";q=150;w=300`, func() service.Response {
				return s.Form("/auth/refresh", url.Values{"refresh_token": {"nonsense"}}, from("192.0.2.9"))
			}},
		} {
			for range 200 {
				answer := c.call()
				if answer.Status == http.StatusInternalServerError || answer.Status == http.StatusServiceUnavailable {
					t.Fatalf("%s: status %d: %s", name, answer.Status, answer.Body)
				}
				if answer.Status != http.StatusTooManyRequests {
					continue
				}
				if got := answer.Header.Get("RateLimit-Policy"); !strings.Contains(got, c.policy) {
					t.Errorf("%s: RateLimit-Policy %q, want %s in it", name, got, c.policy)
				}
				if got := answer.Header.Get("RateLimit"); !strings.Contains(got, ";r=0;t=") {
					t.Errorf("%s: RateLimit %q, want nothing left", name, got)
				}
				if answer.Header.Get("Retry-After") == "" || answer.Detail() != "Too many requests" {
					t.Errorf("%s: Retry-After %q, detail %q", name, answer.Header.Get("Retry-After"), answer.Detail())
				}
				c.call = nil
				break
			}
			if c.call != nil {
				t.Errorf("%s: 200 calls, and none was 429", name)
			}
		}
	}, limited...)
}

// The client is the peer unless a trusted proxy says otherwise.
// Echo's RealIP believes anybody when no extractor is set (labstack/echo#1478).
func TestASpoofedForwardedForChangesNothing(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", "RATE_LIMIT_URL=memory:")
	refused := 0
	for i := range 15 {
		answer := s.Form("/auth/login", url.Values{"username": {fmt.Sprintf("u%d@example.com", i)}, "password": {"a wrong password"}},
			from(fmt.Sprintf("192.0.2.%d", i)), service.Header("X-Real-Ip", fmt.Sprintf("192.0.2.%d", i)), service.Header("Forwarded", fmt.Sprintf("for=192.0.2.%d", i)))
		if answer.Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("15 logins under 15 spoofed addresses all passed, want the burst of 10 to end")
	}
	for _, e := range s.Events("login.failed") {
		if e["ip"] != "127.0.0.1" {
			t.Errorf("the log says %v, want the peer, 127.0.0.1", e["ip"])
		}
	}
}

// Behind a trusted proxy the client is the last address that no trusted proxy
// wrote itself: what stands before it is the client's own invention.
func TestBehindATrustedProxyTheLastUntrustedAddressCounts(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", append([]string{"TRUSTED_PROXIES=127.0.0.0/8,10.0.0.0/8,fd00::/8"}, limited[:1]...)...)
	for header, want := range map[string]string{
		"192.0.2.1":                      "192.0.2.1",
		"203.0.113.9, 192.0.2.1":         "192.0.2.1",
		"192.0.2.7, 10.1.2.3, 127.0.0.1": "192.0.2.7",
		"::ffff:192.0.2.33":              "192.0.2.33",
		"2001:db8:1:2:3:4:5:6, fd00::1":  "2001:db8:1:2:3:4:5:6",
		"172.16.0.1":                     "172.16.0.1", // private, and not named
		"169.254.1.1":                    "169.254.1.1",
		"not an address":                 "127.0.0.1",
		"192.0.2.1, not an address":      "127.0.0.1",
		"":                               "127.0.0.1",
	} {
		answer := loginFrom(s, header, "nobody@example.com", "a wrong password")
		if answer.Status == http.StatusTooManyRequests {
			t.Fatalf("X-Forwarded-For %q: 429, want each address to have a limit of its own", header)
		}
		id := answer.Header.Get("X-Request-Id")
		for _, e := range s.Events("login.failed") {
			if e["request_id"] == id && e["ip"] != want {
				t.Errorf("X-Forwarded-For %q: the client is %v, want %s", header, e["ip"], want)
			}
		}
	}
}

func TestOneIPv6NetworkIsOneClient(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", limited...)
	try := func(format string, i int) int {
		return loginFrom(s, fmt.Sprintf(format, i), fmt.Sprintf("u%d@example.com", i), "a wrong password").Status
	}
	for name, format := range map[string]string{
		"a /64":                        "2001:db8:1:1::%x",
		"IPv4 and its mapped form":     "::ffff:192.0.2.77",
		"zones":                        "fe80::1%%eth%d",
		"other spellings of a network": "2001:0DB8:0002:0001:0:0:%x:1",
	} {
		last := 0
		for i := range 12 {
			f := format
			if strings.HasPrefix(f, "::ffff:") && i%2 == 0 {
				f = "192.0.2.77%.0d"
			} else if strings.HasPrefix(f, "::ffff:") {
				f += "%.0d"
			}
			last = try(f, i)
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("%s: the 12th login got %d, want 429", name, last)
		}
	}
	last := 0
	for i := range 50 { // many /64 of one /48
		last = try("2001:db8:9:%x::1", i)
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the 50th login from a /48 got %d, want 429", last)
	}
}

func TestOtherOriginsPagesAreAnsweredByTheList(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", "CORS_ORIGINS=https://app.example.com,http://localhost:5173")
	const allowed = "https://app.example.com"
	preflight := func(origin, path string) service.Response {
		return s.Do(http.MethodOptions, path, nil, service.Header("Origin", origin),
			service.Header("Access-Control-Request-Method", "PATCH"), service.Header("Access-Control-Request-Headers", "authorization,content-type"))
	}
	for _, path := range []string{"/users/me", "/auth/login", "/oauth/token", "/nowhere"} {
		h := preflight(allowed, path).Want(http.StatusNoContent).Header
		if h.Get("Access-Control-Allow-Origin") != allowed || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PATCH") ||
			!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(h.Get("Vary"), "Origin") {
			t.Errorf("preflight of %s: %v, want the origin, PATCH and Authorization allowed", path, h)
		}
	}
	for _, origin := range []string{
		"https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "https://app.example.com:8443",
		"https://APP.example.com", "null", "*", "https://app.example.com, https://evil.example", "https://sub.app.example.com",
	} {
		for _, answer := range []service.Response{preflight(origin, "/users/me"), s.Get("/users/me", service.Header("Origin", origin))} {
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("to %s: %s: %s, want no such header", origin, name, answer.Header.Get(name))
				}
			}
			if !strings.Contains(answer.Header.Get("Vary"), "Origin") {
				t.Errorf("to %s: Vary %q, want Origin in it", origin, answer.Header.Get("Vary"))
			}
		}
	}
	h := s.Get("/users/me", service.Header("Origin", allowed)).Want(http.StatusUnauthorized).Header
	if h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a refusal: %v, want the origin allowed, without credentials", h)
	}
	for _, name := range []string{"X-Request-Id", "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate"} {
		if !strings.Contains(h.Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("Access-Control-Expose-Headers %q, want %s in it", h.Get("Access-Control-Expose-Headers"), name)
		}
	}
	if got := s.Get("/users/me").Header.Get("Vary"); got != "Origin" {
		t.Errorf("without an Origin: Vary %q, want Origin, for caches", got)
	}
	closed := service.Start(t, "sqlite:sallyport.db")
	if h := closed.Get("/users/me", service.Header("Origin", allowed)).Header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "" {
		t.Errorf("without the setting: %v, want no CORS", h)
	}
}
