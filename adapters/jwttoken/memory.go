package jwttoken

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

const (
	shards = 64
	// longestRemembered bounds what one remembered token may take: a token is
	// a few hundred bytes unless it names very many roles.
	longestRemembered = 2 << 10
)

// memory remembers which access tokens have been verified, so that a signature
// costs once and not at each request. Each shard keeps two halves: the young
// one is filled, and when it is full it becomes the old one and what was old is
// forgotten; what is asked for in time moves on. So it is bounded, forgets what
// nobody uses, and never searches for what to forget.
//
// Only what was signed with a key of ours gets in: a stranger fills nothing.
type memory struct {
	shards []shard
	half   int // entries in one half of a shard
}

type (
	tokenHash [sha256.Size]byte
	half      map[tokenHash]*domain.AccessClaims

	shard struct {
		mu         sync.Mutex
		young, old half
	}
)

// newMemory returns a memory of up to limit tokens (at least two), or nil for 0.
func newMemory(limit int) *memory {
	if limit == 0 {
		return nil
	}
	n := max(1, min(shards, limit/2))
	m := &memory{shards: make([]shard, n), half: max(1, limit/2/n)}
	for i := range m.shards {
		m.shards[i].young = half{}
	}
	return m
}

// hashToken hashes a token of at most longestRemembered bytes.
func hashToken(token string) tokenHash {
	var text [longestRemembered]byte // on the stack: a conversion would allocate
	return sha256.Sum256(text[:copy(text[:], token)])
}

func (m *memory) shard(hash tokenHash) *shard {
	return &m.shards[int(hash[0])%len(m.shards)]
}

// recall returns the claims of a token that was verified before, if any, and
// forgets those that are over at now.
func (m *memory) recall(hash tokenHash, now time.Time) *domain.AccessClaims {
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	claims, young := s.young[hash]
	if !young {
		if claims = s.old[hash]; claims == nil {
			return nil
		}
		delete(s.old, hash)
	}
	if !now.Before(claims.ExpiresAt) {
		delete(s.young, hash)
		return nil
	}
	if !young {
		s.put(hash, claims, m.half)
	}
	return claims
}

// remember keeps the claims of a token that has been verified.
func (m *memory) remember(hash tokenHash, claims *domain.AccessClaims) {
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.old, hash)
	s.put(hash, claims, m.half)
}

func (s *shard) put(hash tokenHash, claims *domain.AccessClaims, most int) {
	if _, there := s.young[hash]; !there && len(s.young) >= most {
		s.young, s.old = half{}, s.young
	}
	s.young[hash] = claims
}

// size returns how many tokens are remembered.
func (m *memory) size() int {
	n := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}
