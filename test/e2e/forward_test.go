package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// snippet returns the README's block in a language, with its example
// addresses replaced: what the README shows is what is tested.
func snippet(t *testing.T, language string, port int, gate, app string) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatalf("the README has no block in %s", language)
	}
	text := string(block[1])
	for from, to := range map[string]string{
		"127.0.0.1:8000": "127.0.0.1:" + strconv.Itoa(port),
		"127.0.0.1:8080": strings.TrimPrefix(gate, "http://"),
		"127.0.0.1:9000": strings.TrimPrefix(app, "http://"),
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("the README's %s does not name %s", language, from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

func TestAProxyLetsPassWhomForwardLetsPass(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("X-Auth-Subject"), r.Header.Get("X-Auth-Email"), r.Header.Get("X-Auth-Roles"))
	}))
	t.Cleanup(app.Close)
	s := service.Start(t, "sqlite:sallyport.db", "LOG_LEVEL=debug")
	boss, admin := newAdmin(t, s, "boss@example.com")
	ada, user := newUser(s, "ada@example.com")
	ask := func(url string, header http.Header) (int, string, http.Header) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/reports?token=hidden", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = header
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body), response.Header
	}
	for name, proxy := range map[string]*servers.ProxyServer{
		"nginx": servers.Nginx(t, func(port int) string { return snippet(t, "nginx", port, s.URL, app.URL) }),
		"caddy": servers.Caddy(t, func(port int) string { return snippet(t, "caddy", port, s.URL, app.URL) }),
	} {
		t.Run(name, func(t *testing.T) {
			bearer := func(token string) http.Header {
				return http.Header{
					"Authorization":  {"Bearer " + token},
					"X-Auth-Subject": {"forged"}, "X-Auth-Email": {"forged@example.com"}, "X-Auth-Roles": {"forged"},
				}
			}
			if status, body, _ := ask(proxy.URL(), bearer(admin.AccessToken)); status != 200 || body != boss.ID+"|boss@example.com|admin" {
				t.Errorf("an admin: %d %q, want 200 and who they are", status, body)
			}
			if status, body, _ := ask(proxy.URL(), bearer(user.AccessToken)); status != 403 {
				t.Errorf("a user without the role: %d %q, want 403", status, body)
			}
			if status, _, header := ask(proxy.URL(), bearer("x")); status != 401 || !strings.HasPrefix(header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("a bad token: %d with %q, want 401 and a challenge", status, header.Get("WWW-Authenticate"))
			}
			if status, _, _ := ask(proxy.URL(), http.Header{}); status != 401 {
				t.Errorf("no token: %d, want 401", status)
			}
			// What an unproved address and no roles would be: headers that are there, and empty.
			s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"admin"}}, service.Bearer(admin.AccessToken)).Want(200)
			if status, body, _ := ask(proxy.URL(), bearer(user.AccessToken)); status != 200 || body != ada.ID+"||admin" {
				t.Errorf("a user whose address is not proved: %d %q, want 200, no address, and no forged one", status, body)
			}
			s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles", map[string]any{"roles": []string{"user"}}, service.Bearer(admin.AccessToken)).Want(200)
		})
	}
	asked := false
	for _, e := range append(s.Events("access.denied"), s.Events("access.granted")...) {
		details, _ := e["details"].(map[string]any)
		asked = asked || details["request"] == "GET /reports"
	}
	if !asked {
		t.Error("no event names the request that the proxy asked about")
	}
	if strings.Contains(s.Log(), "hidden") {
		t.Error("the log holds the query of the request that the proxy asked about")
	}
}

func TestForwardFailsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "boss@example.com")
		asAdmin := service.Bearer(admin.AccessToken)
		answer := s.Get("/auth/forward?role=user&role=admin&permission=users:read", asAdmin).Want(http.StatusOK)
		for _, name := range []string{"X-Auth-Subject", "X-Auth-Email", "X-Auth-Roles"} {
			if len(answer.Header.Values(name)) != 1 {
				t.Errorf("%d headers %s, want one", len(answer.Header.Values(name)), name)
			}
		}
		for _, query := range []string{"roles=admin", "role=", "permission=", "role=admin&x=1"} {
			answer := s.Get("/auth/forward?"+query, asAdmin).Want(http.StatusUnprocessableEntity)
			if answer.Header.Get("X-Auth-Subject") != "" {
				t.Errorf("?%s: identity headers on a refusal", query)
			}
		}
		s.Get("/auth/forward").Want(http.StatusUnauthorized)
		s.Get("/auth/forward?role=moderator", asAdmin).Want(http.StatusForbidden)
	})
}
