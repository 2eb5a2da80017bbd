package echohttp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

func TestATeamsOwnRefusalsKeepTheirStatus(t *testing.T) {
	t.Parallel()
	e := New(Config{}, UseCases{}, NewGuards(nil), zap.NewNop(), func(e *echo.Echo) {
		e.GET("/sold-out", func(echo.Context) error { return echo.NewHTTPError(http.StatusConflict, "Sold out") })
		e.GET("/teapot", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot) })
		e.GET("/broken", func(echo.Context) error { return echo.NewHTTPError(http.StatusInternalServerError, "a secret") })
	})
	for path, want := range map[string]struct {
		status int
		detail string
	}{
		"/sold-out": {http.StatusConflict, `"Sold out"`},
		"/teapot":   {http.StatusTeapot, `"I'm a teapot"`},
		"/broken":   {http.StatusInternalServerError, `"Internal server error"`},
	} {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if body := answer.Body.String(); answer.Code != want.status || !strings.Contains(body, `"detail":`+want.detail) {
			t.Errorf("%s: got %d %s, want %d with the detail %s", path, answer.Code, body, want.status, want.detail)
		}
		if media := answer.Header().Get("Content-Type"); media != problemType {
			t.Errorf("%s: Content-Type %q, want %s", path, media, problemType)
		}
	}
}
