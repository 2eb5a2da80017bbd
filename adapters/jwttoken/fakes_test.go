package jwttoken

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

const (
	issuer   = "https://auth.example.org"
	audience = "sallyport"
)

var (
	start       = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	userID      = "018f4e6c-0000-7000-8000-000000000001"
	sessionID   = "018f4e6c-0000-7000-8000-000000000002"
	userClaims  = domain.AccessClaims{ID: "jti", Subject: userID, Session: domain.SessionID(sessionID), Roles: []domain.RoleName{"user"}, Version: 3, IssuedAt: start, ExpiresAt: start.Add(15 * time.Minute)}
	someRefresh = domain.RefreshClaims{Session: domain.SessionID(sessionID), Subject: domain.UserID(userID), Generation: 4, IssuedAt: start, ExpiresAt: start.Add(time.Hour)}
)

// fakeClock stands still until it is set.
type fakeClock struct{ micros atomic.Int64 }

func newClock() *fakeClock {
	c := &fakeClock{}
	c.set(start)
	return c
}

func (c *fakeClock) Now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *fakeClock) set(t time.Time)         { c.micros.Store(t.UnixMicro()) }
func (c *fakeClock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// fakeStore keeps signing keys in memory; its transactions run one at a time.
type fakeStore struct {
	application.Store // nothing else of it is used

	tx    sync.Mutex // held by a transaction
	mu    sync.Mutex
	keys  map[string]domain.SigningKey
	down  error
	reads int
	gate  chan struct{} // when not nil, a read waits for it
}

func newStore() *fakeStore { return &fakeStore{keys: map[string]domain.SigningKey{}} }

func (s *fakeStore) SigningKeys() application.SigningKeyStore { return fakeKeys{s} }

func (s *fakeStore) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	s.tx.Lock()
	defer s.tx.Unlock()
	s.mu.Lock()
	before := maps.Clone(s.keys)
	s.mu.Unlock()
	err := fn(ctx, s)
	if err != nil {
		s.mu.Lock()
		s.keys = before
		s.mu.Unlock()
	}
	return err
}

func (s *fakeStore) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *fakeStore) state(id string, state domain.SigningKeyState) {
	s.set(func() {
		key := s.keys[id]
		key.State = state
		s.keys[id] = key
	})
}

func (s *fakeStore) all() []domain.SigningKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.keys), func(a, b domain.SigningKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
}

func (s *fakeStore) readings() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

type fakeKeys struct{ s *fakeStore }

func (k fakeKeys) SigningKeys(ctx context.Context) ([]domain.SigningKey, error) {
	k.s.mu.Lock()
	k.s.reads++
	down, gate := k.s.down, k.s.gate
	k.s.mu.Unlock()
	keys := k.s.all()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return keys, down
}

func (k fakeKeys) Put(_ context.Context, key domain.SigningKey) error {
	k.s.set(func() { k.s.keys[key.ID] = key })
	return nil
}

func (k fakeKeys) Delete(_ context.Context, id string) error {
	k.s.set(func() { delete(k.s.keys, id) })
	return nil
}

// fakeSealer binds a value to its name and to a secret, and hides nothing.
type fakeSealer struct{ secret string }

var errFakeSecret = errors.New("sealed under another secret")

func (s fakeSealer) Seal(name string, plaintext []byte) ([]byte, error) {
	return append([]byte(s.secret+"|"+name+"|"), plaintext...), nil
}

func (s fakeSealer) Open(name string, sealed []byte) ([]byte, bool, error) {
	plaintext, ok := bytes.CutPrefix(sealed, []byte(s.secret+"|"+name+"|"))
	if !ok {
		return nil, false, errFakeSecret
	}
	return plaintext, false, nil
}

func testConfig(algorithm domain.SigningAlgorithm) Config {
	return Config{Issuer: issuer, Audience: audience, Algorithm: algorithm, Secret: domain.RandomSecret(), Remember: 100}
}

func newTokens(t testing.TB, cfg Config, store *fakeStore, clock *fakeClock) *Tokens {
	t.Helper()
	tokens, err := New(cfg, store, fakeSealer{"s1"}, clock)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return tokens
}

// put stores another key.
func put(t testing.TB, tokens *Tokens, store *fakeStore, algorithm domain.SigningAlgorithm, state domain.SigningKeyState) domain.SigningKey {
	t.Helper()
	key, err := tokens.NewSigningKey(algorithm)
	if err != nil {
		t.Fatalf("NewSigningKey: %v", err)
	}
	key.State = state
	if err := store.SigningKeys().Put(t.Context(), key); err != nil {
		t.Fatalf("Put: %v", err)
	}
	return key
}

func signAccess(t testing.TB, tokens *Tokens) string {
	t.Helper()
	token, err := tokens.SignAccess(t.Context(), userClaims)
	if err != nil {
		t.Fatalf("SignAccess: %v", err)
	}
	return token.Reveal()
}

func signRefresh(t testing.TB, tokens *Tokens) string {
	t.Helper()
	token, err := tokens.SignRefresh(someRefresh)
	if err != nil {
		t.Fatalf("SignRefresh: %v", err)
	}
	return token.Reveal()
}

func reload(t testing.TB, tokens *Tokens) {
	t.Helper()
	if err := tokens.Reload(t.Context()); err != nil {
		t.Fatalf("Reload: %v", err)
	}
}

func wantVerified(t testing.TB, tokens *Tokens, what, token string) {
	t.Helper()
	if _, err := tokens.VerifyAccess(t.Context(), token); err != nil {
		t.Errorf("%s: got %v, want its claims", what, err)
	}
}

func wantRefused(t testing.TB, tokens *Tokens, what, token string, want error) {
	t.Helper()
	if got, err := tokens.VerifyAccess(t.Context(), token); !errors.Is(err, want) || got != nil {
		t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
	}
}
