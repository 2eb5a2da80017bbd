package bench

import (
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/service"
)

const (
	refreshClients = 32
	refreshes      = 9_600 // in one round
)

// BenchmarkRefresh holds a refresh with rotation, which stores durably before
// it answers, against the Echo no-op, and on PostgreSQL against pgbench with
// the same statement and as many connections.
func BenchmarkRefresh(b *testing.B) {
	noop, noopPID := startNoop(b)
	limit := served(noopPID, connect(b, noop, repeats(refreshClients, refreshRequest(strings.Repeat("a", 500)))), refreshes)

	b.Run("sqlite", func(b *testing.B) {
		s := service.Start(b, "sqlite:sallyport.db")
		ours := served(s.PID, connect(b, s.URL, loggedIn(s, refreshClients)), refreshes)
		for b.Loop() {
			turns := alternate(b, ours, limit)
			tell(b, map[string]float64{
				"x-noop": against(turns[0], turns[1], serverCPU), "us-CPU": typical(turns[0], serverCPU),
				"us-CPU-noop": typical(turns[1], serverCPU), "req/s(PocketBase:4850)": typical(turns[0], rate),
			})
		}
	})

	b.Run("postgres", func(b *testing.B) {
		server := durablePostgres(b)
		data, copied := newDatabase(b, server), newDatabase(b, server)
		proxy := faults.New(b, server.Addr())
		statement := advanceStatement(b, proxy, service.Start(b, proxy.Through(copied.URL), "DATABASE_MAX_CONNS=4"))
		copied.populate(b, refreshClients)

		s := service.Start(b, data.URL)
		ours := served(s.PID, connect(b, s.URL, loggedIn(s, refreshClients)), refreshes)
		ours.database = data
		reference := pgbench(b, copied, statement, refreshClients, refreshes)
		for b.Loop() {
			turns := alternate(b, ours, limit, reference)
			tell(b, map[string]float64{
				"x-noop(<=7)":             against(turns[0], turns[1], serverCPU),
				"x-pgbench-CPU(<=1.2)":    against(turns[0], turns[2], databaseCPU),
				"x-pgbench-rate(>=0.4)":   against(turns[0], turns[2], rate),
				"us-CPU":                  typical(turns[0], serverCPU),
				"us-CPU-noop":             typical(turns[1], serverCPU),
				"us-CPU-postgres":         typical(turns[0], databaseCPU),
				"us-CPU-postgres-pgbench": typical(turns[2], databaseCPU),
				"req/s":                   typical(turns[0], rate), "req/s-pgbench": typical(turns[2], rate),
			})
		}
	})
}
