package bench

import (
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/service"
)

// BenchmarkStatements tells what one request says to PostgreSQL: statements by
// the server's own counter (pg_stat_statements, BEGIN and COMMIT included), and
// round trips as they go over the wire. What runs by the clock, whether
// requests come or not, does not count: the beat of the change feed, and jobs.
func BenchmarkStatements(b *testing.B) {
	const requests = 200
	server := durablePostgres(b, "shared_preload_libraries=pg_stat_statements")
	data := newDatabase(b, server)
	data.do(b, "CREATE EXTENSION pg_stat_statements")
	proxy := faults.New(b, server.Addr())
	s := service.Start(b, proxy.Through(data.URL))
	register(s, "ada@example.com")
	tokens := login(s, "ada@example.com")
	texts := authorized(tokens.Access)
	for name, client := range map[string]talker{
		"login":     repeat(loginRequest("ada@example.com")),
		"refresh":   &refresher{tokens: []string{tokens.Refresh}},
		"me":        repeat(texts["me"]),
		"authorize": repeat(texts["authorize"]),
	} {
		b.Run(name, func(b *testing.B) {
			conns := connect(b, s.URL, []talker{client})
			load(b, conns, 50) // statements are prepared, memory is filled
			for b.Loop() {
				data.do(b, "SELECT pg_stat_statements_reset()")
				trips := roundTrips(proxy, func() { load(b, conns, requests) })
				var statements float64
				data.ask(b, `SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
					WHERE calls >= 100 AND query NOT LIKE '%pg_stat_statements%' AND query NOT LIKE '%pg_notify%'`, &statements)
				tell(b, map[string]float64{"statements": statements / requests, "round-trips": trips / requests})
			}
		})
	}
}

// roundTrips counts how often clients of PostgreSQL wait for it while work
// runs, the change feed's beat aside.
func roundTrips(proxy *faults.Proxy, work func()) float64 {
	var mu sync.Mutex
	trips := 0
	proxy.Observe(func(m faults.Message) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case m.Runs() && strings.Contains(m.SQL, "pg_notify"):
			if m.Type == 'E' {
				trips-- // its Sync is counted below
			}
		case m.Type == 'Q', m.Type == 'S':
			trips++
		}
	})
	work()
	proxy.Observe(nil)
	mu.Lock()
	defer mu.Unlock()
	return float64(trips)
}
