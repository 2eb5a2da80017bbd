package e2e

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/test/service"
)

// impatient is a client for services that are expected to break off.
var impatient = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// attempt sends a refresh. 0 says that no answer came.
func attempt(s *service.Service, token string) (status int, got tokens) {
	response, err := impatient.PostForm(s.URL+"/auth/refresh", url.Values{"refresh_token": {token}})
	if err != nil {
		return 0, got
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode == http.StatusOK && json.Unmarshal(text, &got) != nil {
		return 0, tokens{}
	}
	return response.StatusCode, got
}

// ask sends GET /users/me. 0 says that no answer came.
func ask(s *service.Service, access string) (status int) {
	request, err := http.NewRequest(http.MethodGet, s.URL+"/users/me", http.NoBody)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+access)
	response, err := impatient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// person is a client that keeps its session alive as well-behaved clients do:
// it presents the last token that it has, again and again until it gets an
// answer, now and then twice.
type person struct {
	at         []*service.Service // it goes to any of them
	last       tokens
	old        []string          // tokens that it had before, oldest first
	successors map[string]string // of each token that was answered with 200
	refreshed  int
	recovered  time.Time // its last 200
}

// live refreshes until stop is closed, and reports what no fault excuses: an
// answer other than 200 and 503, and two successors of one token.
func (p *person) live(t *testing.T, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if !p.once(t) {
			return
		}
	}
}

func (p *person) once(t *testing.T) bool {
	token := p.last.RefreshToken
	status, got := attempt(p.at[rand.IntN(len(p.at))], token)
	switch status {
	case http.StatusOK:
		if known, again := p.successors[token]; again && known != got.RefreshToken {
			t.Errorf("one refresh token has two successors")
			return false
		}
		p.successors[token], p.recovered = got.RefreshToken, time.Now()
		p.refreshed++
		if rand.IntN(8) > 0 { // else the answer was lost on the way
			p.old, p.last = append(p.old, token), got
		}
	case 0, http.StatusServiceUnavailable:
		time.Sleep(5 * time.Millisecond)
	default:
		t.Errorf("a refresh during a fault: status %d, want 200 or 503", status)
		return false
	}
	return true
}

// crowd is some persons who live at once.
type crowd struct {
	people []*person
	stop   chan struct{}
	all    sync.WaitGroup
}

// newCrowd makes n persons with a session each.
func newCrowd(n int, at ...*service.Service) *crowd {
	c := &crowd{stop: make(chan struct{})}
	register(at[0], "crowd@example.com")
	for range n {
		c.people = append(c.people, &person{at: at, last: login(at[0], "crowd@example.com"), successors: map[string]string{}})
	}
	return c
}

func (c *crowd) start(t *testing.T) {
	for _, p := range c.people {
		c.all.Go(func() { p.live(t, c.stop) })
	}
}

// end stops the crowd, and proves that nobody has lost a session, that of each
// session one token moves it forward, and that a token from long ago still
// ends it.
func (c *crowd) end(t *testing.T, s *service.Service) {
	t.Helper()
	close(c.stop)
	c.all.Wait()
	for i, p := range c.people {
		if p.refreshed < 3 {
			t.Errorf("person %d: refreshed %d times, want more to have been at stake", i, p.refreshed)
			continue
		}
		current := refresh(s, p.last.RefreshToken)
		me(s, current.AccessToken).Want(http.StatusOK)
		if again := refresh(s, p.last.RefreshToken); again.RefreshToken != current.RefreshToken {
			t.Errorf("person %d: one token has two successors", i)
		}
		tryRefresh(s, p.old[len(p.old)-2]).Want(http.StatusUnauthorized) // older than the last but one: reuse
		tryRefresh(s, current.RefreshToken).Want(http.StatusUnauthorized)
		me(s, current.AccessToken).Want(http.StatusUnauthorized)
	}
	if got := len(s.Events("token.reuse_detected")); got != len(c.people) {
		t.Errorf("token.reuse_detected: logged %d times, want %d", got, len(c.people))
	}
}

// deaf tells whether a service's log says that the change feed is lost, and
// not yet that it is back.
func deaf(s *service.Service) bool {
	log := s.Log()
	return strings.Count(log, "the database tells of no changes") > strings.Count(log, "the database tells of changes again")
}

// eventually asks until yes, for up to a time that is far above what it takes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !yes(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after 20 s", what)
		}
	}
}
