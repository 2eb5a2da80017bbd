package bench

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

// BenchmarkForwardAuth holds nginx that asks /auth/forward, as the README has
// it, against the same nginx that asks the Echo no-op; the app behind both is
// the no-op too. "kept" has nginx keep its connections, where the README's
// block opens one for each question: there our own work shows more.
func BenchmarkForwardAuth(b *testing.B) {
	const clients, requests, counted = 32, 6_400, 2_000
	server := durablePostgres(b)
	line := faults.New(b, server.Addr())
	s := service.Start(b, line.Through(newDatabase(b, server).URL))
	if _, errs, code := s.Command(password+"\n", "users", "create", "boss@example.com", "--role", "admin", "--password-stdin"); code != 0 {
		b.Fatalf("users create: exit code %d: %s", code, errs)
	}
	talkers := repeats(clients, request("GET", "/reports", "", "Authorization: Bearer "+login(s, "boss@example.com").Access))
	noop, noopPID := startNoop(b)
	app, _ := startNoop(b)

	for name, kept := range map[string]bool{"readme": false, "kept": true} {
		b.Run(name, func(b *testing.B) {
			through := func(pid int, gate string) (contender, *[]float64) {
				proxy := servers.Nginx(b, func(port int) string { return gated(b, port, gate, app, kept) })
				conns := connect(b, proxy.URL(), talkers)
				var slow []float64
				return contender{pid: pid, requests: requests, work: func(b *testing.B, n int) {
					slow = append(slow, milliseconds(quantile(load(b, conns, n), 0.99)))
				}}, &slow
			}
			ours, slow := through(s.PID, s.URL)
			limit, slowLimit := through(noopPID, noop)
			for b.Loop() {
				*slow, *slowLimit = nil, nil
				turns := alternate(b, ours, limit)
				p99, p99Limit := median((*slow)[1:]), median((*slowLimit)[1:])

				var trips []float64 // the median leaves a job out that comes due just then
				for range 3 {
					trips = append(trips, roundTrips(line, func() { ours.work(b, counted) })/counted)
				}
				tell(b, map[string]float64{
					"x-noop-rate": against(turns[0], turns[1], rate),
					"req/s":       typical(turns[0], rate), "req/s-noop": typical(turns[1], rate),
					"x-noop-CPU": against(turns[0], turns[1], serverCPU),
					"us-CPU":     typical(turns[0], serverCPU), "us-CPU-noop": typical(turns[1], serverCPU),
					"ms-p99": p99, "ms-p99-noop": p99Limit,
					"round-trips": median(trips),
				})
			}
		})
	}
}

// gated returns the README's site for nginx, between these addresses.
// Connections of clients live as long as the benchmark.
func gated(b *testing.B, port int, gate, app string, kept bool) string {
	b.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		b.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		b.Fatal("the README has no block in nginx")
	}
	gate, app = strings.TrimPrefix(gate, "http://"), strings.TrimPrefix(app, "http://")
	settings := "keepalive_requests 10000000;\n"
	if kept {
		settings += "proxy_http_version 1.1;\n" +
			"upstream gate { server " + gate + "; keepalive 32; keepalive_requests 10000000; }\n" +
			"upstream app { server " + app + "; keepalive 32; keepalive_requests 10000000; }\n"
		gate, app = "gate", "app"
	}
	site := strings.NewReplacer("127.0.0.1:8000", "127.0.0.1:"+strconv.Itoa(port), "127.0.0.1:8080", gate, "127.0.0.1:9000", app).
		Replace(string(block[1]))
	if kept {
		site = strings.ReplaceAll(site, "proxy_pass  ", `proxy_set_header Connection ""; proxy_pass  `)
	}
	return settings + site
}
