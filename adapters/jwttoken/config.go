package jwttoken

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sallyport-auth/sallyport/domain"
)

// DefaultRemember is how many verified access tokens are remembered unless the
// configuration says otherwise: about 70 MB when all of them are in use.
const DefaultRemember = 100_000

// minSecret is the least that a secret must have, in bytes: HS256 needs a key
// of the size of its hash (RFC 7518 §3.2), and a derived key is no better
// than what it is derived from.
const minSecret = 32

// Config is what the tokens say, and what they are signed with.
type Config struct {
	Issuer   string // iss of every token, and aud of refresh tokens
	Audience string // aud of access tokens

	Algorithm domain.SigningAlgorithm // of new access tokens

	Secret         domain.Secret // signs refresh tokens; at least 32 bytes
	PreviousSecret domain.Secret // its refresh tokens are still good; zero: none

	Remember int // how many verified access tokens to remember; 0: none
}

func (c Config) validate() error {
	switch {
	case c.Issuer == "" || !utf8.ValidString(c.Issuer):
		return errors.New("SALLYPORT_ISSUER: must not be empty, or it would be checked nowhere")
	case c.Audience == "" || !utf8.ValidString(c.Audience):
		return errors.New("SALLYPORT_AUDIENCE: must not be empty, or it would be checked nowhere")
	case !supported(c.Algorithm):
		return fmt.Errorf("SALLYPORT_SIGNING_ALG: %q is none of ES256, EdDSA, RS256, HS256", c.Algorithm)
	case len(c.Secret.Reveal()) < minSecret:
		return fmt.Errorf("SALLYPORT_SECRET: needs at least %d bytes", minSecret)
	case !c.PreviousSecret.IsZero() && len(c.PreviousSecret.Reveal()) < minSecret:
		return fmt.Errorf("SALLYPORT_SECRET_PREVIOUS: needs at least %d bytes", minSecret)
	case c.Remember < 0:
		return errors.New("the number of remembered tokens must not be negative")
	}
	return nil
}
