package argon2hash_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"

	"example.com/team/gate/argon2hash"
)

func TestArgon2HashesPasswords(t *testing.T) {
	t.Parallel()
	conformance.TestHasher(t, func(*testing.T) application.PasswordHasher {
		return argon2hash.New(argon2hash.Config{Memory: 8, Passes: 1})
	})
}

func TestAHashOfFewerPassesMatchesAndIsStaleAndOneOfMoreIsNotComputed(t *testing.T) {
	t.Parallel()
	password := domain.Password{Secret: domain.NewSecret("a quiet river at dawn")}
	cheap, dear := argon2hash.New(argon2hash.Config{Memory: 8, Passes: 1}), argon2hash.New(argon2hash.Config{Memory: 8, Passes: 3})
	for name, c := range map[string]struct {
		hashed, verified *argon2hash.Hasher
		want             application.Verification
	}{
		"fewer passes": {cheap, dear, application.Verification{Match: true, Stale: true}},
		"more passes":  {dear, cheap, application.Verification{}},
		"as many":      {dear, dear, application.Verification{Match: true}},
	} {
		hash, err := c.hashed.Hash(t.Context(), password)
		if err != nil {
			t.Fatalf("%s: Hash: %v", name, err)
		}
		if got, err := c.verified.Verify(t.Context(), hash, password); err != nil || got != c.want {
			t.Errorf("%s: Verify: got %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}
