package bench

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/service"
)

// refresher is a client with some sessions, which it refreshes in turn, each
// with the token that it got last.
type refresher struct {
	tokens []string
	turn   int
}

func refreshRequest(token string) []byte {
	return request("POST", "/auth/refresh", "refresh_token="+token, "Content-Type: application/x-www-form-urlencoded")
}

func (r *refresher) next() []byte { return refreshRequest(r.tokens[r.turn]) }

var refreshMember = []byte(`"refresh_token":"`)

func (r *refresher) heard(status int, body []byte) error {
	if status != 200 {
		return fmt.Errorf("status %d: %s", status, body)
	}
	_, rest, _ := bytes.Cut(body, refreshMember)
	token, _, found := bytes.Cut(rest, []byte{'"'})
	if !found {
		return errors.New("an answer without a refresh token")
	}
	r.tokens[r.turn] = string(token)
	r.turn = (r.turn + 1) % len(r.tokens)
	return nil
}

// loggedIn returns as many refreshers, each a user with one session.
func loggedIn(s *service.Service, n int) []talker {
	talkers := make([]talker, n)
	for i := range talkers {
		email := fmt.Sprintf("client%d@example.com", i)
		register(s, email)
		talkers[i] = &refresher{tokens: []string{login(s, email).Refresh}}
	}
	return talkers
}

// amongMany returns as many refreshers whose sessions are spread over the
// population of a database, each with as many sessions.
func amongMany(b *testing.B, population, n, sessions int) []talker {
	b.Helper()
	tokens, err := jwttoken.New(jwttoken.Config{
		Issuer: "http://127.0.0.1:8080", Audience: "sallyport", Algorithm: domain.ES256, Secret: domain.NewSecret(service.Secret),
	}, memory.New(), nil, system.Clock{})
	if err != nil {
		b.Fatal(err)
	}
	talkers := make([]talker, n)
	now := time.Now()
	for i := range talkers {
		r := &refresher{}
		for k := range sessions {
			number := 1 + (i*sessions+k)*(population/(n*sessions))
			token, err := tokens.SignRefresh(domain.RefreshClaims{
				Session:  domain.SessionID(fmt.Sprintf("00000000-0000-7000-9000-%012x", number)),
				Subject:  domain.UserID(fmt.Sprintf("00000000-0000-7000-8000-%012x", number)),
				IssuedAt: now, ExpiresAt: now.Add(24 * time.Hour),
			})
			if err != nil {
				b.Fatal(err)
			}
			r.tokens = append(r.tokens, token.Reveal())
		}
		talkers[i] = r
	}
	return talkers
}
