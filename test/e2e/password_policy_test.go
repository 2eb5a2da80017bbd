package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

func TestAWeakPasswordIsRefusedInWordsThatHelp(t *testing.T) {
	onEach(t, func(t *testing.T, s *service.Service) {
		for weak, want := range map[string]string{
			"too short":            "must be at least 12 characters; a few words in a row are easy to remember",
			"passwordpassword":     "is among the passwords that are guessed first; choose another",
			"ada.l@example.com":    "must not be your email address",
			"Sallyport 2026!":      "must not be the name of this service",
			strings.Repeat("x", 2): "must be at least 12 characters",
		} {
			answer := s.JSON(http.MethodPost, "/auth/register", map[string]string{"email": "ada.l@example.com", "password": weak}).
				Want(http.StatusUnprocessableEntity)
			var problem struct {
				Errors []struct{ Field, Detail string }
			}
			answer.Into(&problem)
			if len(problem.Errors) != 1 || problem.Errors[0].Field != "password" || !strings.HasPrefix(problem.Errors[0].Detail, want) {
				t.Errorf("%q: got %+v, want %q on password", weak, problem.Errors, want)
			}
		}
	})
}
