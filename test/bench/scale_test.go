package bench

import (
	"testing"

	"github.com/sallyport-auth/sallyport/test/service"
)

// BenchmarkMillion holds refreshes among a million users with a session each
// against refreshes among a thousand. The sessions that are refreshed are
// spread evenly over each population. Target: 1.2 times the CPU of both, the
// server and PostgreSQL.
func BenchmarkMillion(b *testing.B) {
	const clients, requests = 32, 9_600
	server := durablePostgres(b)
	among := func(population, sessions int) contender {
		data := newDatabase(b, server)
		s := service.Start(b, data.URL)
		data.populate(b, population)
		c := served(s.PID, connect(b, s.URL, amongMany(b, population, clients, sessions)), requests)
		c.database = data
		return c
	}
	million, thousand := among(1_000_000, 300), among(1_000, 30)
	for b.Loop() {
		turns := alternate(b, million, thousand)
		tell(b, map[string]float64{
			"x-thousand(<=1.2)":        against(turns[0], turns[1], bothCPU),
			"x-thousand-server":        against(turns[0], turns[1], serverCPU),
			"x-thousand-postgres":      against(turns[0], turns[1], databaseCPU),
			"req/s-million":            typical(turns[0], rate),
			"req/s-thousand":           typical(turns[1], rate),
			"us-CPU-postgres-million":  typical(turns[0], databaseCPU),
			"us-CPU-postgres-thousand": typical(turns[1], databaseCPU),
		})
	}
}
