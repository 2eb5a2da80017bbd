package e2e

import (
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

func TestMain(m *testing.M) {
	code := m.Run()
	service.RemoveBinary()
	servers.StopShared()
	os.Exit(code)
}

// onEach runs a test against a service on SQLite and on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, s *service.Service), settings ...string) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, service.Start(t, "sqlite:sallyport.db", settings...))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, service.Start(t, servers.SharedPostgres(t).CreateDatabase(t), settings...))
	})
}

const password = "a quiet river at dawn"

// tokens is the answer to a login or a refresh.
type tokens struct {
	AccessToken      string `json:"access_token"`
	RefreshToken     string `json:"refresh_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
}

// account is what /users/me says.
type account struct {
	ID            string   `json:"id"`
	Email         string   `json:"email"`
	Name          string   `json:"name"`
	IsActive      bool     `json:"is_active"`
	EmailVerified bool     `json:"email_verified"`
	Roles         []string `json:"roles"`
}

func register(s *service.Service, email string) {
	s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": email, "password": password}).Want(http.StatusAccepted)
}

func login(s *service.Service, email string) tokens {
	var got tokens
	tryLogin(s, email, password).Want(http.StatusOK).Into(&got)
	return got
}

func tryLogin(s *service.Service, email, password string) service.Response {
	return s.Form("/auth/login", url.Values{"username": {email}, "password": {password}})
}

func tryRefresh(s *service.Service, token string) service.Response {
	return s.Form("/auth/refresh", url.Values{"refresh_token": {token}})
}

func refresh(s *service.Service, token string) tokens {
	var got tokens
	tryRefresh(s, token).Want(http.StatusOK).Into(&got)
	return got
}

func me(s *service.Service, access string) service.Response {
	return s.Get("/users/me", service.Bearer(access))
}

// newUser registers and logs in.
func newUser(s *service.Service, email string) (account, tokens) {
	register(s, email)
	got := login(s, email)
	var who account
	me(s, got.AccessToken).Want(http.StatusOK).Into(&who)
	return who, got
}

// newAdmin makes an admin by the command line, and logs in.
func newAdmin(t *testing.T, s *service.Service, email string) (account, tokens) {
	t.Helper()
	if _, stderr, code := s.Command(password+"\n", "users", "create", email, "--role", "admin", "--password-stdin"); code != 0 {
		t.Fatalf("users create: exit code %d: %s", code, stderr)
	}
	got := login(s, email)
	var who account
	me(s, got.AccessToken).Want(http.StatusOK).Into(&who)
	return who, got
}
