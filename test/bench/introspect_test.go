package bench

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// BenchmarkIntrospect holds introspection of an access token, by a service
// that shows its API key, against the Echo no-op with the same request.
func BenchmarkIntrospect(b *testing.B) {
	s := service.Start(b, "sqlite:sallyport.db")
	noop, noopPID := startNoop(b)
	register(s, "ada@example.com")
	key, errs, code := s.Command("", "apikeys", "create", "gateway", "--permission", "tokens:introspect")
	if code != 0 {
		b.Fatalf("apikeys create: exit code %d: %s", code, errs)
	}
	key = strings.TrimSpace(key)
	form := url.Values{"token": {login(s, "ada@example.com").Access}}
	var found struct{ Active bool }
	s.Form("/oauth/introspect", form, service.Header("X-API-Key", key)).Want(http.StatusOK).Into(&found)
	if !found.Active {
		b.Fatal("a token that was just issued is not active")
	}
	text := request("POST", "/oauth/introspect", form.Encode(),
		"X-API-Key: "+key, "Content-Type: application/x-www-form-urlencoded")
	talkers := repeats(32, text)
	ours := served(s.PID, connect(b, s.URL, talkers), 16_000)
	limit := served(noopPID, connect(b, noop, talkers), 16_000)
	for b.Loop() {
		turns := alternate(b, ours, limit)
		tell(b, map[string]float64{
			"x-noop": against(turns[0], turns[1], serverCPU),
			"us-CPU": typical(turns[0], serverCPU), "us-CPU-noop": typical(turns[1], serverCPU),
			"req/s": typical(turns[0], rate), "req/s-noop": typical(turns[1], rate),
		})
	}
}
