package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/bootstrap"
	"github.com/sallyport-auth/sallyport/bootstrap/standard"
	"github.com/sallyport-auth/sallyport/test/service"

	"example.com/team/gate/boltstore"
)

// twice makes of the test's own binary a gate with two adapters for bolt.
const twice = "GATE_WITH_BOLT_TWICE"

func TestMain(m *testing.M) {
	if os.Getenv(twice) != "" {
		again := fx.Provide(fx.Annotate(boltstore.Adapter, fx.ResultTags(`group:"storage"`)))
		os.Exit(bootstrap.Main(standard.Modules(), boltstore.Module, again))
	}
	dir, err := os.MkdirTemp("", "gate-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "gate")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic("build the gate: " + err.Error() + "\n" + string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// program is this module's own service.
var program string

const (
	password = "a quiet river at dawn"
	admin    = "admin@example.com"
	person   = "ada@example.com"
)

func TestTheGateGuardsTheTeamsOwnRoutes(t *testing.T) {
	t.Parallel()
	s := gate(t, "bolt:gate.db")
	command(t, s, password+"\n", "users", "create", admin, "--role", "admin", "--password-stdin")
	command(t, s, password+"\n", "users", "create", person, "--password-stdin")
	s.Run()
	asAdmin, asPerson := service.Bearer(login(s, admin)), service.Bearer(login(s, person))

	expect(t, s, "/admin", http.StatusOK, "Hello, "+admin, asAdmin)
	expect(t, s, "/admin", http.StatusForbidden, "Insufficient permissions", asPerson)
	expect(t, s, "/admin", http.StatusUnauthorized, "Could not validate credentials")

	id, key := createKey(s, asAdmin, "reports:read")
	_, lesser := createKey(s, asAdmin, "others:read")
	expect(t, s, "/external-data", http.StatusOK, id, key)
	expect(t, s, "/external-data", http.StatusForbidden, "Invalid API key", service.Header("X-API-Key", "sp_wrong"))
	expect(t, s, "/external-data", http.StatusForbidden, "Insufficient permissions", asAdmin) // no service
	expect(t, s, "/external-data", http.StatusUnauthorized, "Could not validate credentials")
	expect(t, s, "/admin", http.StatusForbidden, "Insufficient permissions", key)

	expect(t, s, "/reports", http.StatusOK, "[]", key)
	expect(t, s, "/reports", http.StatusOK, "[]", asAdmin)
	expect(t, s, "/reports", http.StatusForbidden, "Insufficient permissions", lesser)
	expect(t, s, "/reports", http.StatusForbidden, "Insufficient permissions", asPerson)

	s.JSON(http.MethodDelete, "/api-keys/"+id, nil, asAdmin).Want(http.StatusNoContent)
	expect(t, s, "/external-data", http.StatusForbidden, "Invalid API key", key)
	s.JSON(http.MethodPost, "/auth/logout-all", nil, asAdmin).Want(http.StatusNoContent)
	expect(t, s, "/admin", http.StatusUnauthorized, "Could not validate credentials", asAdmin)
}

func TestTheGateKeepsWhatItHasAndHashesWithArgon2(t *testing.T) {
	t.Parallel()
	s := gate(t, "bolt:gate.db")
	command(t, s, password+"\n", "users", "create", person, "--password-stdin")
	file := filepath.Join(t.TempDir(), "users.jsonl")
	command(t, s, "", "users", "export", file)
	if users, err := os.ReadFile(file); err != nil || !strings.Contains(string(users), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("exported users: got %q, %v, want one with an argon2id hash", users, err)
	}
	s.Run()
	token := login(s, person)
	s.Kill9()
	s.Run()
	s.Get("/users/me", service.Bearer(token)).Want(http.StatusOK)
	if _, stderr, code := s.Command("", "users", "list"); code != 1 || !strings.Contains(stderr, "another process has") {
		t.Errorf("users list beside the service: got exit code %d and %q, want 1 and that another process has the file", code, stderr)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("stop: got exit code %d, want 0", code)
	}
}

func TestADatabaseThatNoAdapterOrTwoTakeIsOneLineAndExitCode2(t *testing.T) {
	t.Parallel()
	none := gate(t, "oracle://db.internal/gate")
	_, stderr, code := none.Command("", "serve")
	wrong(t, "no adapter", stderr, code, "no adapter takes its scheme; there are: bolt, postgres")

	two := gate(t, "bolt:gate.db", "X_IGNORED=1")
	two.Program = "/usr/bin/env"
	_, stderr, code = two.Command("", twice+"=1", os.Args[0], "serve")
	wrong(t, "two adapters", stderr, code, "two adapters take the scheme bolt")

	_, stderr, code = gate(t, "bolt:").Command("", "serve")
	wrong(t, "no path", stderr, code, "SALLYPORT_DATABASE_URL")
}

func wrong(t *testing.T, what, stderr string, code int, want string) {
	t.Helper()
	if code != 2 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		t.Errorf("%s: got exit code %d and %q, want 2 and one line with %q", what, code, stderr, want)
	}
}

// gate returns the service, ready to run.
func gate(t *testing.T, database string, settings ...string) *service.Service {
	t.Helper()
	s := service.Configure(t, database, settings...)
	s.Program = program
	return s
}

func command(t *testing.T, s *service.Service, stdin string, args ...string) {
	t.Helper()
	if _, stderr, code := s.Command(stdin, args...); code != 0 {
		t.Fatalf("%s: got exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
}

func login(s *service.Service, email string) string {
	var tokens struct {
		Access string `json:"access_token"`
	}
	s.Form("/auth/login", url.Values{"username": {email}, "password": {password}}).Want(http.StatusOK).Into(&tokens)
	return tokens.Access
}

func createKey(s *service.Service, by service.Option, permission string) (string, service.Option) {
	var made struct{ ID, Key string }
	s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": permission, "permissions": []string{permission}}, by).Want(http.StatusCreated).Into(&made)
	return made.ID, service.Header("X-API-Key", made.Key)
}

// expect asks for a path that only this team's service has, of which the
// service's own document knows nothing.
func expect(t *testing.T, s *service.Service, path string, status int, words string, options ...service.Option) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	for _, option := range options {
		option(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status || !strings.Contains(string(body), words) {
		t.Errorf("GET %s: got %d %s, %v, want %d with %q", path, response.StatusCode, body, err, status, words)
	}
	var problem struct{ Status int }
	if status >= 400 && (json.Unmarshal(body, &problem) != nil || problem.Status != status) {
		t.Errorf("GET %s: got %s, want a problem of status %d", path, body, status)
	}
}
