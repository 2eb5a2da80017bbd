package jwttoken

import (
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// keySet is the signing keys as they were at one moment. It never changes; a
// reload makes another.
type keySet struct {
	keys   map[string]*signingKey // whose tokens are good, by kid
	signer *signingKey            // nil when there is none that can be opened
	jwks   []byte
	etag   string
	asOf   uint64    // the changes that had been told of when it was read
	asked  time.Time // when storage was, on the monotonic clock
	// memory belongs to the set: when a key is withdrawn the next set has a new
	// one, and whatever a verification under way still writes is written to the
	// old, which nobody reads any more.
	memory *memory
}

// newKeySet opens the stored keys. What the last set had open is not opened
// again, so that sealing a key under another secret disturbs nobody. A key that
// can't be opened is left out and reported in the error, beside a set of the others.
func newKeySet(stored []domain.SigningKey, last *keySet, sealer application.Sealer, policy domain.KeyPolicy, remember int) (*keySet, error) {
	set := &keySet{keys: make(map[string]*signingKey, len(stored))}
	stored = domain.SortSigningKeys(stored)
	var failures []error
	var public []*jwk
	var opened []domain.SigningKey
	for _, s := range stored {
		if s.State != domain.KeyPublished && s.State != domain.KeySigning && s.State != domain.KeyRetiring {
			continue // gone, or a state of a newer release: better no token than a wrong one
		}
		key := last.open(s.ID)
		if key == nil {
			var err error
			if key, err = openKey(s, sealer); err != nil {
				failures = append(failures, fmt.Errorf("signing key %s: %w", s.ID, err))
				continue
			}
		}
		set.keys[key.id] = key
		if key.jwk != nil {
			public = append(public, key.jwk)
		}
		opened = append(opened, s)
	}
	if signer, ok := policy.Signer(opened); ok {
		set.signer = set.keys[signer.ID]
	}
	var err error
	if set.jwks, set.etag, err = encodeJWKS(public); err != nil {
		return nil, err
	}
	set.memory = last.memoryFor(set, remember)
	return set, errors.Join(failures...)
}

func openKey(stored domain.SigningKey, sealer application.Sealer) (*signingKey, error) {
	material, _, err := sealer.Open(stored.ID, stored.Sealed)
	if err != nil {
		return nil, err
	}
	return newAccessKey(stored.ID, stored.Algorithm, material)
}

// open returns a key that the set has open already.
func (s *keySet) open(id string) *signingKey {
	if s == nil {
		return nil
	}
	return s.keys[id]
}

// memoryFor returns the set's memory for its successor, or an empty one when
// the successor lacks a key.
func (s *keySet) memoryFor(next *keySet, remember int) *memory {
	if s == nil {
		return newMemory(remember)
	}
	for id := range s.keys {
		if next.keys[id] == nil {
			return newMemory(remember)
		}
	}
	return s.memory
}
