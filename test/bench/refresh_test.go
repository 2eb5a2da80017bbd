package bench

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

const (
	refreshClients = 32
	refreshes      = 9_600 // in one round
)

// BenchmarkRefresh compares a refresh with rotation, which stores durably before
// it answers, with the Echo no-op; and on PostgreSQL with pgbench, by the same
// statement and as many connections, and with the least that the same libraries
// can do: what they take alone is no part of ours.
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
		libraries := bareRefresh(b, server, statement)
		for b.Loop() {
			turns := alternate(b, ours, limit, reference, libraries)
			tell(b, map[string]float64{
				"x-noop(<=7)":             against(turns[0], turns[1], serverCPU),
				"x-noop-libraries":        against(turns[3], turns[1], serverCPU),
				"x-libraries":             against(turns[0], turns[3], serverCPU),
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

// bareRefresh is a refresh on the same libraries with nothing around it.
func bareRefresh(b *testing.B, server *servers.PostgresServer, statement string) contender {
	b.Helper()
	data := newDatabase(b, server)
	service.Start(b, data.URL).Stop() // makes the schema
	data.populate(b, refreshClients)
	address, pid := startNoop(b, data.URL, statement)
	talkers := make([]talker, refreshClients)
	for i := range talkers {
		var token []byte
		query := fmt.Sprintf("?session=00000000-0000-7000-9000-%012x&subject=00000000-0000-7000-8000-%012x", i+1, i+1)
		response, err := http.Get(address + "/begin" + query)
		if err == nil {
			token, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
		talkers[i] = &refresher{tokens: []string{string(token)}}
	}
	return served(pid, connect(b, address, talkers), refreshes)
}
