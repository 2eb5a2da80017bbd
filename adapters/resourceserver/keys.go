package resourceserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	defaultMaxAge = 5 * time.Minute // when the answer does not say it
	refetchPause  = 5 * time.Second // between two fetches for kids that are not known
	maxStale      = time.Hour       // how long old keys do when the issuer does not answer
	maxJWKSBytes  = 1 << 20
)

// publicKey is a key with the one algorithm that it is for.
type publicKey struct {
	algorithm string
	public    any
}

// keySet keeps the issuer's keys.
type keySet struct {
	config Config

	mu       sync.Mutex
	keys     map[string]publicKey
	fetched  time.Time  // when the keys were
	fresh    time.Time  // until when
	tried    time.Time  // when the last fetch began
	fetching *fetchCall // nil: none runs
}

// fetchCall is one fetch, which any number of callers wait for.
type fetchCall struct {
	done chan struct{}
	err  error // once done
}

func newKeySet(config Config) *keySet { return &keySet{config: config} }

// key returns the key of an id. Keys that are a little too old still do while
// others are fetched beside, so that an issuer that is slow or away stops
// nobody. An id that is not known is asked for, by strangers too, no more than
// every few seconds.
func (s *keySet) key(ctx context.Context, id string) (publicKey, error) {
	s.mu.Lock()
	now := s.config.Now()
	key, known := s.keys[id]
	if known && now.Before(s.fresh) || !known && s.keys != nil && now.Sub(s.tried) < refetchPause && s.fetching == nil {
		s.mu.Unlock()
		return key, unknownUnless(known)
	}
	call := s.fetch(now)
	s.mu.Unlock()
	if known && now.Sub(s.fetchedAt()) < maxStale {
		return key, nil
	}
	select {
	case <-call.done:
	case <-ctx.Done():
		return publicKey{}, ctx.Err()
	}
	if call.err != nil {
		return publicKey{}, call.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, known = s.keys[id]
	return key, unknownUnless(known)
}

func unknownUnless(known bool) error {
	if known {
		return nil
	}
	return fmt.Errorf("%w: no key has its kid", ErrInvalidToken)
}

func (s *keySet) fetchedAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// fetch begins a fetch, or joins the one that runs. The caller holds the lock.
func (s *keySet) fetch(now time.Time) *fetchCall {
	if s.fetching != nil {
		return s.fetching
	}
	call := &fetchCall{done: make(chan struct{})}
	s.fetching, s.tried = call, now
	go func() {
		keys, age, err := s.download()
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil {
			s.keys, s.fetched, s.fresh = keys, now, now.Add(age)
		}
		call.err, s.fetching = err, nil
		close(call.done)
	}()
	return call
}

// download asks the issuer for its keys, and how long they may be kept. The
// client's timeout bounds it.
func (s *keySet) download() (map[string]publicKey, time.Duration, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.config.JWKSURL, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch the issuer's keys: %w", err)
	}
	response, err := s.config.Client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch the issuer's keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch the issuer's keys: %s answered %s", s.config.JWKSURL, response.Status)
	}
	var document struct{ Keys []jwk }
	if err := json.NewDecoder(io.LimitReader(response.Body, maxJWKSBytes)).Decode(&document); err != nil {
		return nil, 0, fmt.Errorf("read the issuer's keys: %w", err)
	}
	keys := map[string]publicKey{}
	for _, k := range document.Keys {
		if key, ok := k.public(); ok {
			keys[k.ID] = key
		}
	}
	return keys, maxAge(response.Header.Get("Cache-Control")), nil
}

// maxAge reads Cache-Control's max-age (RFC 9111 §5.2.2.1).
func maxAge(header string) time.Duration {
	for directive := range strings.SplitSeq(header, ",") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(directive), "max-age="); ok {
			if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 86_400 {
				return time.Duration(n) * time.Second
			}
		}
	}
	return defaultMaxAge
}

// jwk is a JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
type jwk struct {
	ID  string `json:"kid"`
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	N   string `json:"n"`
	E   string `json:"e"`
}

// public returns the key, if it is one that signs and that is understood.
func (k jwk) public() (publicKey, bool) {
	if k.ID == "" || k.Use != "" && k.Use != "sig" {
		return publicKey{}, false
	}
	switch {
	case k.Kty == "EC" && k.Crv == "P-256" && k.Alg == "ES256":
		x, y := decode(k.X), decode(k.Y)
		if len(x) != 32 || len(y) != 32 {
			return publicKey{}, false
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		return publicKey{k.Alg, key}, err == nil
	case k.Kty == "OKP" && k.Crv == "Ed25519" && k.Alg == "EdDSA":
		x := decode(k.X)
		return publicKey{k.Alg, ed25519.PublicKey(x)}, len(x) == ed25519.PublicKeySize
	case k.Kty == "RSA" && k.Alg == "RS256":
		n, e := new(big.Int).SetBytes(decode(k.N)), new(big.Int).SetBytes(decode(k.E))
		if n.BitLen() < 2048 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
			return publicKey{}, false
		}
		return publicKey{k.Alg, &rsa.PublicKey{N: n, E: int(e.Int64())}}, true
	}
	return publicKey{}, false
}

func decode(s string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
