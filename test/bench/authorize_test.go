package bench

import (
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// authorized is the requests that are answered without a query, by somebody
// who has logged in.
func authorized(access string) map[string][]byte {
	bearer := "Authorization: Bearer " + access
	return map[string][]byte{
		"me": request("GET", "/users/me", "", bearer),
		"authorize": request("POST", "/auth/authorize", `{"permission":"invoices:read"}`, bearer,
			"Content-Type: application/json"),
	}
}

// BenchmarkAuthorized compares /users/me and /auth/authorize, with ES256, the
// state checked and the full middleware, with an Echo handler that does nothing
// with the same request. Target: 1.5 times its CPU. Beside them stands a sketch
// of /users/me with the usual middlewares, which tells what of that is the
// libraries'.
func BenchmarkAuthorized(b *testing.B) {
	s := service.Start(b, "sqlite:sallyport.db")
	noop, noopPID := startNoop(b)
	register(s, "ada@example.com")
	access := login(s, "ada@example.com").Access
	sketched := request("GET", "/sketch/me", "", "Authorization: Bearer "+access)
	for name, text := range authorized(access) {
		b.Run(name, func(b *testing.B) {
			talkers := repeats(32, text)
			ours := served(s.PID, connect(b, s.URL, talkers), 32_000)
			limit := served(noopPID, connect(b, noop, talkers), 32_000)
			sketch := served(noopPID, connect(b, noop, repeats(32, sketched)), 32_000)
			for b.Loop() {
				turns := alternate(b, ours, limit, sketch)
				tell(b, map[string]float64{
					"x-noop(<=1.5)": against(turns[0], turns[1], serverCPU),
					"x-noop-sketch": against(turns[2], turns[1], serverCPU),
					"us-CPU":        typical(turns[0], serverCPU), "us-CPU-noop": typical(turns[1], serverCPU),
					"req/s": typical(turns[0], rate), "req/s-noop": typical(turns[1], rate),
				})
			}
		})
	}
}
