package bench

import (
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/servers"
	"github.com/sallyport-auth/sallyport/test/service"
)

const (
	pacedClients = 16
	pacedRate    = 20 // requests of each client a second
	pacedLasts   = 10 * time.Second
)

// BenchmarkRedisGone tells what refreshes wait when the server that counts
// limits is killed, or says nothing more, beneath them: each takes from its
// session's budget. Target: 50 ms more at p99 than with the server there, and
// no answer but 200.
func BenchmarkRedisGone(b *testing.B) {
	for name, strike := range map[string]func(*servers.RedisServer){
		"killed":  (*servers.RedisServer).Kill9,
		"stalled": (*servers.RedisServer).Stall,
	} {
		b.Run(name, func(b *testing.B) {
			redis := servers.Redis(b)
			s := service.Start(b, "sqlite:sallyport.db", "RATE_LIMIT_URL="+redis.URL(),
				"LIMIT_REFRESH_SESSION=1000000/1m", "LIMIT_REGISTER=1000000/1m", "LIMIT_LOGIN_CLIENT=1000000/1m")
			conns := connect(b, s.URL, loggedIn(s, pacedClients))
			for b.Loop() {
				there := paced(b, conns)
				struck := time.AfterFunc(pacedLasts/4, func() { strike(redis) })
				gone := paced(b, conns)
				struck.Stop()
				tell(b, map[string]float64{
					"ms-p99-there": milliseconds(quantile(there, 0.99)), "ms-p99-gone(<=there+50)": milliseconds(quantile(gone, 0.99)),
					"ms-worst-gone": milliseconds(quantile(gone, 1)), "requests": float64(len(gone)),
				})
			}
		})
	}
}

// paced lets each client send at a steady pace, and returns how long each
// request took.
func paced(b *testing.B, conns []*conn) []time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var clients sync.WaitGroup
	end := time.Now().Add(pacedLasts)
	for _, c := range conns {
		clients.Go(func() {
			var took []time.Duration
			pace := time.NewTicker(time.Second / pacedRate)
			defer pace.Stop()
			for ; time.Now().Before(end); <-pace.C {
				began := time.Now()
				if err := c.exchange(); err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	clients.Wait()
	return all
}
