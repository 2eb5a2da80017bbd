package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// literally sends a request whose path no client library tidies up.
func literally(t *testing.T, s *service.Service, method, target string, options ...service.Option) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = "//" + request.URL.Host + target
	for _, option := range options {
		option(request)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return response.StatusCode, string(body)
}

// No path normalisation that reaches another handler, no redirect
// (CVE-2020-36565 and open redirects by //host/.. in Echo's own middleware).
func TestOnlyTheExactPathReachesAHandler(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	ada, _ := newUser(s, "ada@example.com")
	_, admin := newAdmin(t, s, "root@example.com")
	bearer := service.Bearer(admin.AccessToken)
	for _, target := range []string{
		"//users/me", "/users//me", "/users/me/", "/users/me//", "/users/./me", "/users/../users/me", "/x/../users/me", "/docs/../users/me",
		"/users/%2e/me", "/users/%2e%2e/users/me", "/%75sers/me", "/users/%6de", "/users%2fme", "/users/me%2f", "/users/me%00", "/users/me;a=b",
		"/users/me%20", "/USERS/me", "/users/ME", "/users/me.json", "//evil.example/users/me", "/\\evil.example", "/users\\me", "/users/me%3fa=b",
		"/users/" + ada.ID + "/", "/users/" + ada.ID + "%2f", "/users/" + ada.ID + "%00", "/users/" + strings.ToUpper(ada.ID) + "x", "/users/../roles",
		"/users/{id}", "/users/:id", "/users/*", "/*", "/docs/", "/docs/..", "/docs/%2e%2e/openapi.yaml", "/docs/../../etc/passwd", "/docs/swagger-ui.css%00",
	} {
		status, body := literally(t, s, http.MethodGet, target, bearer)
		if status != http.StatusNotFound && target != "/users/../roles" || status < 400 { // that one is /users/{id}/roles, whose method is PUT
			t.Errorf("GET %s: status %d: %.200s, want 404", target, status, body)
		}
	}
	for _, target := range []string{"/auth/login/", "//auth/login", "/auth//login", "/auth/./login", "/Auth/Login"} {
		if status, _ := literally(t, s, http.MethodPost, target); status != http.StatusNotFound {
			t.Errorf("POST %s: status %d, want 404", target, status)
		}
	}
}

// No method override.
func TestNoHeaderOrFieldChangesTheMethod(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	ada, got := newUser(s, "ada@example.com")
	_, admin := newAdmin(t, s, "root@example.com")
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		s.Do(http.MethodPost, "/users/"+ada.ID, []byte(`_method=DELETE`), service.Bearer(admin.AccessToken), service.Header(header, "DELETE"),
			service.Header("Content-Type", "application/x-www-form-urlencoded")).Want(http.StatusMethodNotAllowed)
		s.Get("/users/me?_method=PATCH", service.Bearer(got.AccessToken), service.Header(header, "PATCH")).Want(http.StatusOK)
	}
	me(s, got.AccessToken).Want(http.StatusOK)
	for _, method := range []string{"TRACE", "CONNECT", "PROPFIND", "FOO", "patch"} {
		if status, body := literally(t, s, method, "/users/me", service.Bearer(got.AccessToken)); status != http.StatusMethodNotAllowed && status != http.StatusNotFound {
			t.Errorf("%s /users/me: status %d: %s, want 405", method, status, body)
		}
	}
}

// Path parameters are never overwritten by bodies or queries
// (mass assignment; Echo's Bind takes all three into one struct).
func TestAPathsIdIsTheOneThatCounts(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	ada, _ := newUser(s, "ada@example.com")
	bob, bobs := newUser(s, "bob@example.com")
	_, admin := newAdmin(t, s, "root@example.com")
	bearer := service.Bearer(admin.AccessToken)
	s.JSON(http.MethodPatch, "/users/"+ada.ID, map[string]any{"id": bob.ID, "name": "Changed"}, bearer).Want(http.StatusUnprocessableEntity)
	s.JSON(http.MethodPatch, "/users/"+ada.ID+"?id="+bob.ID, map[string]any{"name": "Changed"}, bearer).Want(http.StatusOK)
	s.JSON(http.MethodPut, "/users/"+ada.ID+"/roles?id="+bob.ID, map[string]any{"roles": []string{"moderator"}}, bearer).Want(http.StatusOK)
	s.JSON(http.MethodPut, "/roles/editor", map[string]any{"name": "admin", "permissions": []string{}}, bearer).Want(http.StatusUnprocessableEntity)
	s.Do(http.MethodDelete, "/users/"+ada.ID+"/sessions?id="+bob.ID, nil, bearer).Want(http.StatusNoContent)
	s.Do(http.MethodDelete, "/users/"+ada.ID+"?id="+bob.ID, []byte(`{"id":"`+bob.ID+`"}`), bearer, service.Header("Content-Type", "application/json")).Want(http.StatusNoContent)
	var still account
	me(s, bobs.AccessToken).Want(http.StatusOK).Into(&still)
	if still.Name != "" || len(still.Roles) != 1 || still.Roles[0] != "user" {
		t.Errorf("bob is %+v, want untouched", still)
	}
}

// Links and addresses use the configured issuer, never Host
// (password reset poisoning).
func TestTheHostHeaderIsNeverBelieved(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db")
	register(s, "ada@example.com")
	_, admin := newAdmin(t, s, "root@example.com")
	evil := func(r *http.Request) {
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("Forwarded", "host=evil.example;proto=http")
		r.Header.Set("X-Forwarded-Proto", "evil")
	}
	bearer := service.Bearer(admin.AccessToken)
	for name, answer := range map[string]service.Response{
		"metadata":   s.Get("/.well-known/oauth-authorization-server", evil),
		"keys":       s.Get("/.well-known/jwks.json", evil),
		"document":   s.Get("/openapi.json", evil),
		"page":       s.Get("/docs", evil),
		"not found":  s.Get("/nowhere", evil),
		"location":   s.JSON(http.MethodPost, "/users", map[string]any{"email": "bob@example.com", "password": password}, bearer, evil).Want(http.StatusCreated),
		"refusal":    s.Get("/users/me", evil),
		"a reset":    s.JSON(http.MethodPost, "/auth/password/forgot", map[string]string{"email": "ada@example.com"}, evil),
		"redirected": s.Get("/docs/", evil),
	} {
		if text := fmt.Sprint(answer.Header) + string(answer.Body); strings.Contains(text, "evil") {
			t.Errorf("%s: the answer shows the Host header: %.300s", name, text)
		}
	}
	if strings.Contains(s.Log(), "evil.example") {
		t.Errorf("the log, with its mails, shows the Host header:\n%s", s.Log())
	}
}

// Log lines are one JSON object whatever the client sent (log
// injection, CWE-117).
func TestEveryLogLineIsOneJSONObject(t *testing.T) {
	t.Parallel()
	s := service.Start(t, "sqlite:sallyport.db", "LOG_LEVEL=debug", "TRUSTED_PROXIES=127.0.0.1/32")
	nasty := []string{
		"a\"b\\c", "a\tb", "\x1b[2J\x1b[31mred", "\xff\xfe\x80", "a\u2028b\u2029", `{"level":"error"}`, "%0a%0d{}", "${jndi:ldap://x}", "{{7*7}}", "'; DROP TABLE users; --",
		strings.Repeat("ü", 400), "\u202egnp.exe", "</script><script>",
	}
	for _, text := range nasty {
		raw(t, s, "POST /auth/login?x="+url.QueryEscape(text)+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: "+text+"\r\nX-Request-Id: "+text+
			"\r\nX-Forwarded-For: "+text+"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n")
		for _, username := range []string{text, text + "\n{\"level\":\"error\",\"msg\":\"forged\"}\n", "a@example.com\r\n" + text} {
			s.Form("/auth/login", url.Values{"username": {username}, "password": {text + "\n"}}, service.Header("User-Agent", "x"))
			s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": username, "password": password, "name": text})
			s.JSON(http.MethodPost, "/auth/password/forgot", map[string]string{"email": username})
		}
		_, _ = literally(t, s, http.MethodGet, "/users/"+url.PathEscape(text+"\n{}"))
		s.Get("/users/me", func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+strings.Map(func(c rune) rune {
				if c < ' ' || c > '~' {
					return 'x'
				}
				return c
			}, text))
		})
	}
	lines := strings.Split(strings.TrimSuffix(s.Log(), "\n"), "\n")
	for _, line := range lines {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil || object["msg"] == nil || object["msg"] == "forged" {
			t.Errorf("a line of the log is %q (%v), want one JSON object of ours", line, err)
		}
		if strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Errorf("a line of the log has a control character: %q", line)
		}
		if agent, _ := object["user_agent"].(string); len(agent) > 256 {
			t.Errorf("a user agent of %d bytes, want 256 at most", len(agent))
		}
	}
	if len(lines) < 3*len(nasty) {
		t.Errorf("%d lines, want the events of %d requests", len(lines), 5*len(nasty))
	}
}
