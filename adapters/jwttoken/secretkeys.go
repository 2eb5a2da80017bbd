package jwttoken

import (
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// Labels of the derivations: one for each use of the secret.
const (
	refreshKeyLabel = "sallyport/refresh-token/v1/hs256"
	refreshIDLabel  = "sallyport/refresh-token/v1/kid"
	refreshIDBytes  = 9 // 12 characters
)

// secretKeys are the keys of refresh tokens. They come from the configuration
// alone, so that a refresh asks storage for its session and nothing else.
type secretKeys struct {
	current  *signingKey
	previous *signingKey // nil: none
}

func newSecretKeys(cfg Config) (secretKeys, error) {
	var keys secretKeys
	var err error
	if keys.current, err = refreshKey(cfg.Secret); err != nil {
		return secretKeys{}, err
	}
	if !cfg.PreviousSecret.IsZero() {
		if keys.previous, err = refreshKey(cfg.PreviousSecret); err != nil {
			return secretKeys{}, err
		}
	}
	return keys, nil
}

// refreshKey derives a secret's key, and the kid that names the secret.
func refreshKey(secret domain.Secret) (*signingKey, error) {
	id := encode(secret.Derive(refreshIDLabel, refreshIDBytes))
	key, err := newSymmetricKey(refreshType, id, secret.Derive(refreshKeyLabel, hmacBytes))
	if err != nil {
		return nil, fmt.Errorf("derive the refresh key: %w", err)
	}
	return key, nil
}

// verify checks the signature of a refresh token.
func (k secretKeys) verify(c *compact) error {
	switch {
	case c.kid == k.current.id:
		return k.current.verify(c)
	case k.previous != nil && c.kid == k.previous.id:
		return k.previous.verify(c)
	}
	return unknownKey
}
