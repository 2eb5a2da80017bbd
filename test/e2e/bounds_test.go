package e2e

import (
	"net/http"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// A time of the year 10000 in UTC can be read as RFC 3339 and not be written:
// stored once, it would make each list of keys a 500.
func TestAnAPIKeyThatEndsAfterTheYear9999IsRefused(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		_, admin := newAdmin(t, s, "root@example.com")
		bearer := service.Bearer(admin.AccessToken)
		s.JSON(http.MethodPost, "/api-keys", map[string]any{
			"name": "late", "permissions": []string{}, "expires_at": "9999-12-31T23:59:59-23:59",
		}, bearer).Want(http.StatusUnprocessableEntity)
		s.Get("/api-keys", bearer).Want(http.StatusOK)
	})
}
