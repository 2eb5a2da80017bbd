package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestClientsInPythonThatWeDidNotWriteGetRefreshAndVerify(t *testing.T) {
	t.Parallel()
	s := service.Configure(t, "sqlite:sallyport.db")
	s.Set("ISSUER", s.URL)
	s.Run()
	_, admin := newAdmin(t, s, "boss@example.com")
	_, user := newUser(s, "ada@example.com")
	var key struct{ ID, Key string }
	s.JSON(http.MethodPost, "/api-keys", map[string]any{"name": "python", "permissions": []string{"users:read"}},
		service.Bearer(admin.AccessToken)).Want(http.StatusCreated).Into(&key)

	// Debian's own interpreter is the one that Debian's packages are for.
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "testdata/interop.py", s.URL, key.ID, key.Key, user.RefreshToken)
	cmd.Env = append(os.Environ(), "OAUTHLIB_INSECURE_TRANSPORT=1") // http on loopback
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "ok" {
		t.Errorf("the clients in Python (run `make deps` if a module is missing): %v\n%s", err, out)
	}
}
