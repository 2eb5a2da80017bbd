package bench

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/faults"
	"github.com/sallyport-auth/sallyport/test/service"
)

// revocation is two replicas on one PostgreSQL, and a proxy on the line over
// which the second hears of changes.
type revocation struct {
	own, other *service.Service
	line       *faults.Proxy
}

func newRevocation(b *testing.B) *revocation {
	b.Helper()
	server := durablePostgres(b)
	data := newDatabase(b, server)
	r := &revocation{line: faults.New(b, server.Addr())}
	r.own = service.Start(b, data.URL)
	r.other = service.Start(b, data.URL, "DATABASE_DIRECT_URL="+r.line.Through(data.URL))
	register(r.own, "ada@example.com")
	return r
}

// trial ends a session on one replica, and returns how long after the answer
// the other still let its access token pass: how late the last request began
// that it answered with 200. stale says that the first replica did so too.
func (r *revocation) trial(b *testing.B, before func()) (late time.Duration, stale bool) {
	b.Helper()
	session := r.login(b)
	for range 3 {
		if !passes(b, r.own, session.Access) || !passes(b, r.other, session.Access) {
			b.Fatal("a new session does not pass")
		}
	}
	before()
	form := url.Values{"refresh_token": {session.Refresh}}
	if status, _ := r.post(b, "/auth/logout", form); status != http.StatusNoContent {
		b.Fatalf("logout: status %d", status)
	}
	over := time.Now()
	stale = passes(b, r.own, session.Access)
	for {
		asked := time.Now()
		if !passes(b, r.other, session.Access) {
			return late, stale
		}
		late = asked.Sub(over)
	}
}

func (r *revocation) login(b *testing.B) (got tokens) {
	b.Helper()
	status, body := r.post(b, "/auth/login", url.Values{"username": {"ada@example.com"}, "password": {password}})
	if status != http.StatusOK || json.Unmarshal(body, &got) != nil {
		b.Fatalf("login: status %d: %s", status, body)
	}
	return got
}

// post goes past the OpenAPI document: holding answers against it takes longer
// than what is measured here.
func (r *revocation) post(b *testing.B, path string, form url.Values) (int, []byte) {
	b.Helper()
	response, err := http.PostForm(r.own.URL+path, form)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return response.StatusCode, body
}

func passes(b *testing.B, s *service.Service, access string) bool {
	b.Helper()
	request, err := http.NewRequest(http.MethodGet, s.URL+"/users/me", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode == http.StatusOK
}

// BenchmarkRevocation tells how late a logout counts on the replica that did
// not make it, over 200 trials, and how often it did not count on the next
// request where it was made.
func BenchmarkRevocation(b *testing.B) {
	const trials = 200
	r := newRevocation(b)
	for b.Loop() {
		var late []time.Duration
		stale := 0
		for range trials {
			delay, own := r.trial(b, func() {})
			late = append(late, delay)
			if own {
				stale++
			}
		}
		slices.Sort(late)
		tell(b, map[string]float64{
			"ms-p50": milliseconds(late[trials/2]), "ms-p99": milliseconds(late[trials*99/100]), "ms-max": milliseconds(late[trials-1]),
			"stale-where-made": float64(stale),
		})
	}
}

// BenchmarkRevocationInSilence has the line that tells of changes swallow
// everything from just before each logout.
func BenchmarkRevocationInSilence(b *testing.B) {
	const trials = 5
	r := newRevocation(b)
	for b.Loop() {
		var most time.Duration
		stale := 0
		for range trials {
			late, own := r.trial(b, r.line.Blackhole)
			most = max(most, late)
			if own {
				stale++
			}
			r.line.Pass()
			time.Sleep(time.Second) // it is followed again
		}
		tell(b, map[string]float64{"ms-max": milliseconds(most), "stale-where-made": float64(stale)})
	}
}
