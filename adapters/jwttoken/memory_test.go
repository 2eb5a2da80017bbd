package jwttoken

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestTheMemoryNeverGrowsPastItsLimit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{2, 3, 10, 127, 128, 1000, 10_000} {
		m := newMemory(limit)
		for i := range 3 * limit {
			m.remember(hashToken(fmt.Sprint(i)), &userClaims)
		}
		if got := m.size(); got > limit || got == 0 {
			t.Errorf("limit %d: remembers %d", limit, got)
		}
	}
	if newMemory(0) != nil {
		t.Error("limit 0: got a memory, want none")
	}
}

func TestWhatIsAskedForIsNotForgotten(t *testing.T) {
	t.Parallel()
	m := newMemory(1000)
	busy := hashToken("busy")
	m.remember(busy, &userClaims)
	for i := range 20_000 {
		m.remember(hashToken(fmt.Sprint(i)), &userClaims)
		if m.recall(busy, start) == nil {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if m.recall(hashToken("0"), start) != nil {
		t.Error("what nobody asked for is still there")
	}
}

func TestTheMemoryForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	m := newMemory(100)
	hash := hashToken("token")
	m.remember(hash, &userClaims)
	if m.recall(hash, userClaims.ExpiresAt.Add(-time.Microsecond)) == nil {
		t.Error("a microsecond before its expiry: forgotten")
	}
	if m.recall(hash, userClaims.ExpiresAt) != nil || m.size() != 0 {
		t.Errorf("at its expiry: still remembered, %d in all", m.size())
	}
}

func TestTheMemoryIsSafeForManyCallers(t *testing.T) {
	t.Parallel()
	m := newMemory(64)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				claims := domain.AccessClaims{ID: fmt.Sprint(i % 100), ExpiresAt: userClaims.ExpiresAt}
				hash := hashToken(claims.ID)
				m.remember(hash, &claims)
				if got := m.recall(hash, start); got != nil && got.ID != claims.ID {
					t.Errorf("got the claims of %s, want those of %s", got.ID, claims.ID)
				}
			}
		})
	}
	all.Wait()
}

// What one remembered token may take is bounded too.
func TestALongTokenIsVerifiedEachTime(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, testConfig(domain.EdDSA), newStore(), newClock())
	claims := userClaims
	for i := range 150 {
		claims.Roles = append(claims.Roles, domain.RoleName(fmt.Sprintf("a-role-of-%d", i)))
	}
	token, err := tokens.SignAccess(t.Context(), claims)
	if err != nil || len(token.Reveal()) <= longestRemembered {
		t.Fatalf("got a token of %d bytes, %v, want a longer one", len(token.Reveal()), err)
	}
	wantVerified(t, tokens, "a long token", token.Reveal())
	if got := tokens.ring.current.Load().memory.size(); got != 0 {
		t.Errorf("remembered: got %d, want 0", got)
	}
}
