package bench

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

// replica is a service that its clients leave alone while it restarts, as
// behind a load balancer that drains.
type replica struct {
	*service.Service
	client http.Client
	busy   sync.RWMutex // held for writing: drained
}

func newReplica(b *testing.B, database string) *replica {
	r := &replica{Service: service.Start(b, database, "SIGNING_ALG=ES256")}
	r.client.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	b.Cleanup(r.client.CloseIdleConnections)
	return r
}

func (r *replica) restart() {
	r.busy.Lock()
	defer r.busy.Unlock()
	r.client.CloseIdleConnections()
	r.Stop()
	r.Run()
}

// rotation is a load of logins, refreshes and /users/me on two replicas of
// one database, and what became of it.
type rotation struct {
	replicas [2]*replica
	stop     chan struct{}
	forget   atomic.Bool // no client uses its oldest token any more

	mu     sync.Mutex
	asked  map[string]int // by path
	issued map[string]int // access tokens by algorithm
	failed []string
}

// client logs in and refreshes now and then, and asks who it is with its
// newest access token and with the oldest that it ever got, each time of
// either replica.
func (r *rotation) client(number int) {
	email := fmt.Sprintf("client%d@example.com", number)
	form := url.Values{"username": {email}, "password": {password}}
	var oldest, newest tokens
	for turn := number; ; turn++ {
		select {
		case <-r.stop:
			return
		default:
		}
		switch {
		case newest.Refresh == "" || turn%20 == 0:
			r.send(turn, "/auth/login", form, "", &newest)
			if oldest.Access == "" {
				oldest = newest
			}
		case turn%5 == 0:
			r.send(turn, "/auth/refresh", url.Values{"refresh_token": {newest.Refresh}}, "", &newest)
		case turn%5 == 1 && !r.forget.Load():
			r.send(turn/5, "/users/me", nil, oldest.Access, nil)
		default:
			r.send(turn, "/users/me", nil, newest.Access, nil)
		}
		time.Sleep(2 * time.Millisecond) // it is changes under load that count, not the most load
	}
}

// send asks a replica that is not drained, by turns, and counts a status other
// than 200 as failed, and no answer at all.
func (r *rotation) send(turn int, path string, form url.Values, access string, got *tokens) {
	at := r.replicas[turn%2]
	if !at.busy.TryRLock() {
		at = r.replicas[1-turn%2] // one at a time restarts
		at.busy.RLock()
	}
	defer at.busy.RUnlock()
	status, body, err := at.exchange(path, form, access)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[path]++
	switch {
	case err != nil:
		r.failed = append(r.failed, fmt.Sprintf("%s: %v", path, err))
	case status != http.StatusOK:
		r.failed = append(r.failed, fmt.Sprintf("%s: status %d: %s", path, status, body))
	case got != nil:
		if err := json.Unmarshal(body, got); err != nil {
			r.failed = append(r.failed, fmt.Sprintf("%s: %v", path, err))
		}
		r.issued[algorithm(got.Access)]++
	}
}

func (r *replica) exchange(path string, form url.Values, access string) (int, []byte, error) {
	request, err := http.NewRequest(http.MethodGet, r.URL+path, http.NoBody)
	if form != nil {
		request, err = http.NewRequest(http.MethodPost, r.URL+path, bytes.NewReader([]byte(form.Encode())))
	}
	if err != nil {
		return 0, nil, err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		request.Header.Set("Authorization", "Bearer "+access)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// algorithm returns what an access token's header says.
func algorithm(access string) string {
	header, _, _ := strings.Cut(access, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	var fields struct{ Alg string }
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		return "unreadable"
	}
	return fields.Alg
}

// issuedOf returns how many access tokens of an algorithm came so far.
func (r *rotation) issuedOf(algorithm string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.issued[algorithm]
}

// BenchmarkRotation changes the signing keys from ES256 to EdDSA to RS256
// under load: `keys rotate` with the new algorithm, a restart of one replica
// after the other, and the service's own job that lets the key sign. Of the
// 330 s for which a key is published first, the benchmark waits none: it makes
// the stored key that much older. At the end it revokes the first key, whose
// tokens nobody uses by then. Target: no request fails.
func BenchmarkRotation(b *testing.B) {
	const clients = 8
	for b.Loop() {
		data := newDatabase(b, durablePostgres(b))
		r := &rotation{stop: make(chan struct{}), asked: map[string]int{}, issued: map[string]int{}}
		for i := range r.replicas {
			r.replicas[i] = newReplica(b, data.URL)
		}
		var all sync.WaitGroup
		for i := range clients {
			register(r.replicas[0].Service, fmt.Sprintf("client%d@example.com", i))
			all.Go(func() { r.client(i) })
		}
		began := time.Now()
		r.await(b, "ES256")
		var first string
		data.ask(b, "SELECT id FROM signing_keys", &first)
		for _, next := range []string{"EdDSA", "RS256"} {
			for _, at := range r.replicas {
				at.Set("SIGNING_ALG", next)
			}
			r.command(b, "keys", "rotate")
			for _, at := range r.replicas {
				at.restart()
			}
			data.do(b, "UPDATE signing_keys SET state_at = state_at - interval '331 seconds' WHERE state = 'published'")
			r.await(b, next)
		}
		r.forget.Store(true)
		r.await(b, "RS256") // every client has a token of the last key
		r.command(b, "keys", "revoke", first)
		r.await(b, "RS256")
		close(r.stop)
		all.Wait()
		if len(r.failed) > 0 {
			b.Errorf("%d requests failed, the first: %s", len(r.failed), r.failed[0])
		}
		tell(b, map[string]float64{
			"failed(0)": float64(len(r.failed)), "logins": float64(r.asked["/auth/login"]), "refreshes": float64(r.asked["/auth/refresh"]),
			"me": float64(r.asked["/users/me"]), "s": time.Since(began).Seconds(),
			"ES256": float64(r.issued["ES256"]), "EdDSA": float64(r.issued["EdDSA"]), "RS256": float64(r.issued["RS256"]),
		})
	}
}

// await waits until 200 more access tokens of an algorithm were issued.
func (r *rotation) await(b *testing.B, algorithm string) {
	b.Helper()
	enough := r.issuedOf(algorithm) + 200
	for deadline := time.Now().Add(30 * time.Second); r.issuedOf(algorithm) < enough; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("after 30 s there are %d tokens of %s, want %d", r.issuedOf(algorithm), algorithm, enough)
		}
	}
}

func (r *rotation) command(b *testing.B, args ...string) {
	b.Helper()
	if _, errs, code := r.replicas[0].Command("", args...); code != 0 {
		b.Fatalf("%v: exit code %d: %s", args, code, errs)
	}
}
