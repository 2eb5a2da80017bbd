package bench

import (
	"fmt"
	"net/url"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sys/unix"

	"github.com/sallyport-auth/sallyport/test/service"
)

func loginRequest(email string) []byte {
	form := url.Values{"username": {email}, "password": {password}}
	return request("POST", "/auth/login", form.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

// hashing is a contender that does nothing but what a login must: it compares
// a password with its hash, on as many threads as there are workers, which
// give way to everybody else as the service's own do.
func hashing(b *testing.B, cost, workers, requests int) contender {
	b.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		b.Fatal(err)
	}
	return contender{pid: os.Getpid(), requests: requests, work: func(b *testing.B, n int) {
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				runtime.LockOSThread() // for good: the thread ends with this
				if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 19); err != nil {
					b.Error(err)
				}
				for range n / workers {
					if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
	}}
}

// BenchmarkLogin tells what a login costs besides its hash, at a cost of 4
// where that shows, and how much of the hashes that two cores can do come out
// as logins at a cost of 12.
func BenchmarkLogin(b *testing.B) {
	b.Run("cost4", func(b *testing.B) {
		data := newDatabase(b, durablePostgres(b))
		s := service.Start(b, data.URL)
		register(s, "ada@example.com")
		ours := served(s.PID, connect(b, s.URL, repeats(8, loginRequest("ada@example.com"))), 800)
		ours.database = data
		for b.Loop() {
			turns := alternate(b, ours, hashing(b, 4, 2, 800))
			tell(b, map[string]float64{
				"us-CPU": typical(turns[0], serverCPU), "us-CPU-bcrypt": typical(turns[1], serverCPU),
				"us-CPU-postgres":            typical(turns[0], databaseCPU),
				"us-CPU-beside-hash(<=1000)": typical(turns[0], serverCPU) - typical(turns[1], serverCPU),
			})
		}
	})
	b.Run("cost12", func(b *testing.B) {
		s := service.Start(b, "sqlite:sallyport.db", "BCRYPT_COST=12")
		register(s, "ada@example.com")
		ours := contender{pid: s.PID, requests: 16, work: letIn(b, s, 4)}
		for b.Loop() {
			turns := alternate(b, ours, hashing(b, 12, 2, 16))
			tell(b, map[string]float64{
				"x-bcrypt-rate(>=0.95)": against(turns[0], turns[1], rate),
				"logins/s":              typical(turns[0], rate), "hashes/s": typical(turns[1], rate),
			})
		}
	})
}

// attempt is a client that logs in again and again, and counts how often it
// was let in: more clients than the hashing queue admits are told to come back.
type attempt struct {
	repeat
	let int
}

func (a *attempt) heard(status int, body []byte) error {
	switch status {
	case 200:
		a.let++
	case 503:
		time.Sleep(100 * time.Millisecond) // a client that heeds Retry-After waits longer
	default:
		return fmt.Errorf("status %d: %s", status, body)
	}
	return nil
}

// letIn is the work of logging in as often as asked, by some clients that
// come back when they are refused: a busy machine hashes for everybody else first.
func letIn(b *testing.B, s *service.Service, clients int) func(*testing.B, int) {
	b.Helper()
	attempts := make([]*attempt, clients)
	talkers := make([]talker, clients)
	for i := range attempts {
		attempts[i] = &attempt{repeat: loginRequest("ada@example.com")}
		talkers[i] = attempts[i]
	}
	conns := connect(b, s.URL, talkers)
	return func(b *testing.B, n int) {
		var all sync.WaitGroup
		for i, c := range conns {
			all.Go(func() {
				for enough := attempts[i].let + n/clients; attempts[i].let < enough; {
					if err := c.exchange(); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
}

// BenchmarkBesideLogins tells how long /users/me takes while 32 clients log in
// at a cost of 12. Target: at p99, twice as long as alone, and 5 ms.
func BenchmarkBesideLogins(b *testing.B) {
	const clients, requests = 8, 16_000
	s := service.Start(b, "sqlite:sallyport.db", "BCRYPT_COST=12")
	register(s, "ada@example.com")
	me := connect(b, s.URL, repeats(clients, authorized(login(s, "ada@example.com").Access)["me"]))
	for b.Loop() {
		load(b, me, requests)
		var alone, beside []float64
		for range 3 {
			alone = append(alone, milliseconds(quantile(load(b, me, requests), 0.99)))
			stop, ended := logins(b, s, 32)
			beside = append(beside, milliseconds(quantile(load(b, me, requests), 0.99)))
			close(stop)
			<-ended
		}
		tell(b, map[string]float64{
			"ms-p99-alone": median(alone), "ms-p99-beside": median(beside), "ms-p99-target": 2*median(alone) + 5,
		})
	}
}

// logins keeps clients logging in until stop is closed; then ended is.
func logins(b *testing.B, s *service.Service, clients int) (stop chan struct{}, ended <-chan struct{}) {
	b.Helper()
	talkers := make([]talker, clients)
	for i := range talkers {
		talkers[i] = &attempt{repeat: loginRequest("ada@example.com")}
	}
	conns := connect(b, s.URL, talkers)
	stop, done := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := c.exchange(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	go func() {
		all.Wait()
		close(done)
	}()
	time.Sleep(500 * time.Millisecond) // the queue fills
	return stop, done
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
