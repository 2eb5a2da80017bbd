package conformance

import (
	"bytes"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// everyByte is what a sealed thing may hold.
var everyByte = func() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}()

func putSigningKey(t testing.TB, s application.Tx, kid string, createdAt time.Time) domain.SigningKey {
	t.Helper()
	key := domain.SigningKey{
		ID: kid, Algorithm: domain.ES256, State: domain.KeyPublished,
		Sealed: bytes.Clone(everyByte), CreatedAt: createdAt, StateAt: createdAt,
	}
	require(t, "put a signing key", s.SigningKeys().Put(t.Context(), key))
	return key
}

var keyCases = []Case{
	{"signing keys come back by age, as they were written", func(t testing.TB, s application.Storage) {
		got, err := s.SigningKeys().SigningKeys(t.Context())
		same(t, "at first", got, err, nil)
		young := putSigningKey(t, s, "a", noon.Add(time.Microsecond))
		old := putSigningKey(t, s, "b", noon)
		got, err = s.SigningKeys().SigningKeys(t.Context())
		same(t, "SigningKeys", got, err, []domain.SigningKey{old, young})
	}},
	{"putting a signing key again replaces its state and what is sealed", func(t testing.TB, s application.Storage) {
		key, other := putSigningKey(t, s, "a", noon), putSigningKey(t, s, "b", noon.Add(time.Hour))
		key.State, key.StateAt, key.ExpiresAt, key.Sealed = domain.KeyRetiring, noon.Add(time.Minute), noon.Add(time.Hour), []byte{0}
		again := key
		again.Algorithm, again.CreatedAt = domain.EdDSA, noon.Add(2*time.Hour)
		require(t, "Put", s.SigningKeys().Put(t.Context(), again))
		got, err := s.SigningKeys().SigningKeys(t.Context())
		same(t, "SigningKeys", got, err, []domain.SigningKey{key, other})
	}},
	{"a signing key is deleted once", func(t testing.TB, s application.Storage) {
		key := putSigningKey(t, s, "a", noon)
		succeed(t, "Delete", s.SigningKeys().Delete(t.Context(), key.ID))
		refuse(t, "Delete again", s.SigningKeys().Delete(t.Context(), key.ID), domain.ErrSigningKeyNotFound)
		got, err := s.SigningKeys().SigningKeys(t.Context())
		same(t, "SigningKeys", got, err, nil)
	}},
	{"a secret stays what it was first, until it is replaced", func(t testing.TB, s application.Storage) {
		got, err := s.Secrets().Ensure(t.Context(), "limiter", everyByte)
		same(t, "Ensure", got, err, everyByte)
		got, err = s.Secrets().Ensure(t.Context(), "limiter", []byte("late"))
		same(t, "Ensure again", got, err, everyByte)
		_, err = s.Secrets().Ensure(t.Context(), "audit", []byte("two"))
		succeed(t, "Ensure another", err)
		all, err := s.Secrets().Secrets(t.Context())
		same(t, "Secrets", all, err, map[string][]byte{"limiter": everyByte, "audit": []byte("two")})
		succeed(t, "Replace", s.Secrets().Replace(t.Context(), "limiter", []byte("fresh")))
		got, err = s.Secrets().Ensure(t.Context(), "limiter", []byte("late"))
		same(t, "Ensure after Replace", got, err, []byte("fresh"))
		refuse(t, "Replace of nothing", s.Secrets().Replace(t.Context(), "nothing", []byte("x")), domain.ErrNotFound)
	}},
	{"of several first secrets all get the same one", func(t testing.TB, s application.Storage) {
		got := make([][]byte, 8)
		together(len(got), func(i int) {
			sealed, err := s.Secrets().Ensure(t.Context(), "limiter", []byte{byte(i)})
			succeed(t, "Ensure", err)
			got[i] = sealed
		})
		all, err := s.Secrets().Secrets(t.Context())
		require(t, "Secrets", err)
		for _, sealed := range got {
			same(t, "what Ensure returned", sealed, nil, all["limiter"])
		}
	}},
}
