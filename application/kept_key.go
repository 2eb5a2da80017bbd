package application

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/sallyport-auth/sallyport/domain"
)

// KeptKey is a random key that storage keeps, sealed, so that what is hashed
// with it stays comparable when the service's secret changes. It is read when
// it is first needed: a database that is down at the start is not down for ever.
type KeptKey struct {
	Name   string // "limiter", "audit"
	Store  Store
	Sealer Sealer

	mu  sync.Mutex
	key []byte
}

const keptKeyBytes = 32

// Key returns the key, which must not be changed. The first call on an empty
// storage makes it; of several at once, one does.
func (k *KeptKey) Key(ctx context.Context) ([]byte, error) {
	k.mu.Lock()
	key := k.key
	k.mu.Unlock()
	if key != nil {
		return key, nil
	}
	fresh := make([]byte, keptKeyBytes)
	_, _ = rand.Read(fresh) // never returns an error (crypto/rand, since Go 1.24)
	sealed, err := k.Sealer.Seal(k.Name, fresh)
	if err != nil {
		return nil, fmt.Errorf("seal the key %s: %w", k.Name, err)
	}
	kept, err := k.Store.Secrets().Ensure(ctx, k.Name, sealed)
	if err != nil {
		return nil, fmt.Errorf("read the key %s: %w", k.Name, err)
	}
	if key, _, err = k.Sealer.Open(k.Name, kept); err != nil {
		return nil, fmt.Errorf("open the key %s: %w", k.Name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key = key
	return key, nil
}

// hashOfAddress returns 16 bytes: one value for all spellings of an address,
// and one for each text that is none.
func hashOfAddress(key []byte, address string) []byte {
	if email, err := domain.ParseEmail(address); err == nil {
		address = email.String()
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(address))
	return mac.Sum(nil)[:16]
}
