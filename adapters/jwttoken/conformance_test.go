package jwttoken_test

import (
	"bytes"
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestTokensKeepTheirPromises(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []domain.SigningAlgorithm{domain.ES256, domain.EdDSA, domain.RS256, domain.HS256} {
		for name, remember := range map[string]int{"remembering": 1000, "forgetting": 0} {
			t.Run(string(algorithm)+" "+name, func(t *testing.T) {
				t.Parallel()
				conformance.TestTokens(t, func(t *testing.T, clock application.Clock) (application.TokenSigner, application.TokenVerifier) {
					tokens, err := jwttoken.New(jwttoken.Config{
						Issuer: "https://auth.example.org", Audience: "sallyport", Algorithm: algorithm,
						Secret: domain.RandomSecret(), Remember: remember,
					}, memory.New(), openSealer{}, clock)
					if err != nil {
						t.Fatalf("New: %v", err)
					}
					return tokens, tokens
				})
			})
		}
	}
}

// openSealer hides nothing.
type openSealer struct{}

func (openSealer) Seal(_ string, plaintext []byte) ([]byte, error) {
	return bytes.Clone(plaintext), nil
}

func (openSealer) Open(_ string, sealed []byte) ([]byte, bool, error) {
	return bytes.Clone(sealed), false, nil
}
