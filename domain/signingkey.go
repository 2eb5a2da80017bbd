package domain

import (
	"cmp"
	"slices"
	"time"
)

// SigningAlgorithm is a JWS algorithm (RFC 7518 §3.1, RFC 8037).
type SigningAlgorithm string

// The algorithms that access tokens can be signed with.
const (
	ES256 SigningAlgorithm = "ES256"
	EdDSA SigningAlgorithm = "EdDSA"
	RS256 SigningAlgorithm = "RS256"
	HS256 SigningAlgorithm = "HS256"
)

// SigningKeyState is a stage in the life of a signing key.
type SigningKeyState string

// The stages, in their order.
const (
	KeyPublished SigningKeyState = "published" // in the JWKS, does not sign yet
	KeySigning   SigningKeyState = "signing"   // signs new tokens
	KeyRetiring  SigningKeyState = "retiring"  // signs no more; its tokens are still good
	KeyGone      SigningKeyState = "gone"      // its tokens are worth nothing
)

// SigningKey is a key that signs access tokens, as storage keeps it.
type SigningKey struct {
	ID        string // kid
	Algorithm SigningAlgorithm
	State     SigningKeyState
	Sealed    []byte // the private key (PKCS #8, or the HMAC secret), encrypted
	CreatedAt time.Time
	StateAt   time.Time // when the state was entered
	ExpiresAt time.Time // of a retiring key: when the last token that it signed is over
}

// ErrSigningKeyNotFound says that there is no such key.
var ErrSigningKeyNotFound = &Error{Kind: KindNotFound, Code: "not-found", Detail: "No such signing key"}

const (
	// JWKSMaxAge is how long whoever verifies tokens elsewhere may keep the key
	// set: what the endpoint's Cache-Control says.
	JWKSMaxAge = 300 * time.Second
	// ReplicaLag is how far a replica may be behind with the keys, its clock
	// included: it may still serve a key set without a new key, and still sign
	// with the one that just retired.
	ReplicaLag = 30 * time.Second
	// KeyPublication is how long a key is published before it signs: a key set
	// that lacks it is in nobody's cache any more.
	KeyPublication = JWKSMaxAge + ReplicaLag
)

// KeyPolicy is how signing keys move through their states. A change of the
// algorithm is a rotation like any other: the old key signs until the new
// algorithm's has been published for long enough.
type KeyPolicy struct {
	Algorithm SigningAlgorithm // of new keys
	Access    time.Duration    // how long the tokens live that keys sign, at most
	MaxAge    time.Duration    // how long a key signs until the next is published; 0: until somebody asks
}

// Signer returns which of keys signs: the newest in that state of the policy's
// algorithm, and while there is none the newest of any.
func (p KeyPolicy) Signer(keys []SigningKey) (SigningKey, bool) {
	if key, ok := newestKey(keys, func(k SigningKey) bool { return k.State == KeySigning && k.Algorithm == p.Algorithm }); ok {
		return key, true
	}
	return newestKey(keys, func(k SigningKey) bool { return k.State == KeySigning })
}

// Next returns the published key that will sign next, ripe or not.
func (p KeyPolicy) Next(keys []SigningKey) (SigningKey, bool) {
	return newestKey(keys, func(k SigningKey) bool { return k.State == KeyPublished && k.Algorithm == p.Algorithm })
}

// Due says why a new key should be published at now: "age", "algorithm", or
// nothing. A key that is published already answers for both.
func (p KeyPolicy) Due(keys []SigningKey, now time.Time) string {
	if _, ok := p.Next(keys); ok {
		return ""
	}
	signer, ok := p.Signer(keys)
	switch {
	case !ok:
		return "" // nobody waits for that: it must sign at once
	case signer.Algorithm != p.Algorithm:
		return "algorithm"
	case p.MaxAge > 0 && now.Sub(signer.StateAt) >= p.MaxAge:
		return "age"
	}
	return ""
}

// Move returns those of keys whose state is another at now, as they are then.
func (p KeyPolicy) Move(keys []SigningKey, now time.Time) []SigningKey {
	var moved []SigningKey
	if ripe, ok := newestKey(keys, func(k SigningKey) bool {
		return k.State == KeyPublished && k.Algorithm == p.Algorithm && now.Sub(k.StateAt) >= KeyPublication
	}); ok {
		moved = p.Succeed(keys, ripe, now)
	}
	for _, k := range keys {
		if k.State == KeyRetiring && !now.Before(k.ExpiresAt) {
			moved = append(moved, k.Withdrawn(now))
		}
	}
	return moved
}

// Succeed returns what changes when next signs from now on: those that signed
// retire, and older ones that never came to sign are gone.
func (p KeyPolicy) Succeed(keys []SigningKey, next SigningKey, now time.Time) []SigningKey {
	next.State, next.StateAt = KeySigning, now
	moved := []SigningKey{next}
	for _, k := range keys {
		switch {
		case k.ID == next.ID:
		case k.State == KeySigning:
			k.State, k.StateAt, k.ExpiresAt = KeyRetiring, now, now.Add(p.Access+ReplicaLag)
			moved = append(moved, k)
		case k.State == KeyPublished && byAge(k, next) < 0:
			moved = append(moved, k.Withdrawn(now))
		}
	}
	return moved
}

// Withdrawn returns the key as it is when its tokens are worth nothing: the
// private part is destroyed.
func (k SigningKey) Withdrawn(now time.Time) SigningKey {
	k.State, k.StateAt, k.ExpiresAt, k.Sealed = KeyGone, now, time.Time{}, []byte{}
	return k
}

func newestKey(keys []SigningKey, fits func(SigningKey) bool) (newest SigningKey, found bool) {
	for _, k := range keys {
		if fits(k) && (!found || byAge(newest, k) < 0) {
			newest, found = k, true
		}
	}
	return newest, found
}

func byAge(a, b SigningKey) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// SortSigningKeys returns the keys from the oldest to the newest, in one order
// on every replica.
func SortSigningKeys(keys []SigningKey) []SigningKey {
	return slices.SortedStableFunc(slices.Values(keys), byAge)
}
