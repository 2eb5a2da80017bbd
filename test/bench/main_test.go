package bench

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
	removeNoop()
	servers.StopShared()
	os.Exit(code)
}

const password = "a quiet river at dawn"

// tokens is the answer to a login or a refresh.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func register(s *service.Service, email string) {
	s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": email, "password": password}).Want(http.StatusAccepted)
}

func login(s *service.Service, email string) (t tokens) {
	s.Form("/auth/login", url.Values{"username": {email}, "password": {password}}).Want(http.StatusOK).Into(&t)
	return t
}
