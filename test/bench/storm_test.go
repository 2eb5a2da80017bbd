package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

const (
	stormCost   = 12
	stormLasts  = 20 * time.Second
	stormTimes  = 10  // as many logins as can be hashed
	stormAtOnce = 400 // logins on their way at most: the generator is bounded
	laterStorms = 3   // half as long, to see whether memory goes on growing
	probes      = 50  // requests for /users/me a second
)

// storm is what became of the logins.
type storm struct {
	mu      sync.Mutex
	done    int             // logins that succeeded within the storm
	refused []time.Duration // how long a refusal took
	others  map[int]int     // by status
}

// BenchmarkLoginStorm sends ten times the logins that the machine can hash, in
// an open loop, each from another client. Targets: 0.95 of what bcrypt alone
// does on all cores in the same run, refusals within 20 ms, /users/me within
// twice its own p99 and 5 ms, and no more on the heap after four storms than
// after one.
func BenchmarkLoginStorm(b *testing.B) {
	s := service.Start(b, "sqlite:sallyport.db", fmt.Sprintf("BCRYPT_COST=%d", stormCost), "TRUSTED_PROXIES=127.0.0.1/32")
	register(s, "ada@example.com")
	access := login(s, "ada@example.com").Access
	bcrypt := hashing(b, stormCost, runtime.NumCPU(), 16*runtime.NumCPU())
	for b.Loop() {
		before := hashed(b, bcrypt)
		alone := probing(b, s, access, stormLasts/2)
		var beside []time.Duration
		var probe sync.WaitGroup
		probe.Go(func() { beside = probing(b, s, access, stormLasts) })
		got := raise(s, before*stormTimes, stormLasts)
		probe.Wait()
		limit := (before + hashed(b, bcrypt)) / 2
		afterOne := live(b, s, access)
		for range laterStorms {
			raise(s, before*stormTimes, stormLasts/2)
		}
		if len(got.others) > 0 {
			b.Errorf("answers by status: %v, want 200 and 503 alone", got.others)
		}
		tell(b, map[string]float64{
			"x-bcrypt(>=0.95)": float64(got.done) / stormLasts.Seconds() / limit,
			"logins/s":         float64(got.done) / stormLasts.Seconds(), "bcrypt/s": limit,
			"ms-p99-refusal(<=20)": milliseconds(quantile(got.refused, 0.99)), "refusals": float64(len(got.refused)),
			"ms-p99-me-alone": milliseconds(quantile(alone, 0.99)), "ms-p99-me(<=2x+5)": milliseconds(quantile(beside, 0.99)),
			"MiB-live-after-one": afterOne, "MiB-live-after-four": live(b, s, access), "MiB-resident": resident(b, s.PID),
		})
	}
}

// hashed returns how many hashes a second bcrypt alone does now.
func hashed(b *testing.B, c contender) float64 {
	began := time.Now()
	c.work(b, c.requests)
	return float64(c.requests) / time.Since(began).Seconds()
}

// live returns how much of the heap is no garbage, in MiB: what the collector
// keeps, which is half of what it waits for less what it is told to wait for.
func live(b *testing.B, s *service.Service, access string) float64 {
	b.Helper()
	load(b, connect(b, s.URL, repeats(32, authorized(access)["me"])), 100_000) // garbage enough for a collection
	const metric, ballast = "go_memstats_next_gc_bytes ", 64
	response, err := http.Get(s.OpsURL + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n"+metric)
	line, _, _ := strings.Cut(rest, "\n")
	next, err := strconv.ParseFloat(line, 64)
	if err != nil {
		b.Fatalf("%s: %v", metric, err)
	}
	return next/2/(1<<20) - ballast
}

// probing asks for /users/me at a steady pace, and returns how long each took.
func probing(b *testing.B, s *service.Service, access string, lasts time.Duration) (took []time.Duration) {
	c := connect(b, s.URL, []talker{repeat(authorized(access)["me"])})[0]
	pace := time.NewTicker(time.Second / probes)
	defer pace.Stop()
	for end := time.Now().Add(lasts); time.Now().Before(end); <-pace.C {
		began := time.Now()
		if err := c.exchange(); err != nil {
			b.Error(err)
			return took
		}
		took = append(took, time.Since(began))
	}
	return took
}

// raise sends perSecond logins while the storm lasts.
func raise(s *service.Service, perSecond float64, lasts time.Duration) *storm {
	got := &storm{others: map[int]int{}}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: stormAtOnce, MaxConnsPerHost: stormAtOnce}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	pace := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer pace.Stop()
	end := time.Now().Add(lasts)
	for i := 0; time.Now().Before(end); i++ {
		all.Go(func() { got.send(client, s.URL, i, end) })
		<-pace.C
	}
	all.Wait()
	return got
}

func (g *storm) send(client *http.Client, url string, i int, end time.Time) {
	request, err := http.NewRequest(http.MethodPost, url+"/auth/login", bytes.NewReader([]byte(`{"username":"ada@example.com","password":"`+password+`"}`)))
	if err != nil {
		panic(err) // the address is the service's own
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", i/250%250, i%250+1))
	began := time.Now()
	status := 0
	if response, err := client.Do(request); err == nil {
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		status = response.StatusCode
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case status == http.StatusOK && time.Now().After(end): // it counts for the time after the storm
	case status == http.StatusOK:
		g.done++
	case status == http.StatusServiceUnavailable:
		g.refused = append(g.refused, time.Since(began))
	default:
		g.others[status]++
	}
}
