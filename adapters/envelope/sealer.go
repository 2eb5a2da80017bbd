package envelope

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// A sealed value is
//
//	version (1 byte) | id of the secret (8 bytes) | nonce (12) | ciphertext | tag (16)
//
// The id is derived from the secret like the key, under another label: it
// tells which secret to open with, and nothing of the secret itself.
const (
	version   = 1
	idBytes   = 8
	keyBytes  = 32 // AES-256
	minSecret = 32

	keyLabel = "sallyport/envelope/v1/aes-256-gcm"
	idLabel  = "sallyport/envelope/v1/id"
)

// ErrDamaged says that a value is not what Seal made under that name.
var ErrDamaged = errors.New("the sealed value is damaged, or belongs to something else")

// Config names the secrets.
type Config struct {
	Secret   domain.Secret // seals and opens; at least 32 bytes
	Previous domain.Secret // opens only; zero: none
}

var _ application.Sealer = (*Sealer)(nil)

// Sealer seals under the current secret and opens with both. It is safe for
// concurrent use.
type Sealer struct {
	current  sealingKey
	previous *sealingKey
}

type sealingKey struct {
	id   []byte
	aead cipher.AEAD
}

// New derives the keys. The error names the setting that is wrong.
func New(cfg Config) (*Sealer, error) {
	current, err := derive("SALLYPORT_SECRET", cfg.Secret)
	if err != nil {
		return nil, err
	}
	s := &Sealer{current: current}
	if !cfg.Previous.IsZero() {
		previous, err := derive("SALLYPORT_SECRET_PREVIOUS", cfg.Previous)
		if err != nil {
			return nil, err
		}
		s.previous = &previous
	}
	return s, nil
}

func derive(setting string, secret domain.Secret) (sealingKey, error) {
	if len(secret.Reveal()) < minSecret {
		return sealingKey{}, fmt.Errorf("%s: needs at least %d bytes", setting, minSecret)
	}
	block, err := aes.NewCipher(secret.Derive(keyLabel, keyBytes))
	if err != nil {
		return sealingKey{}, fmt.Errorf("derive the sealing key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block) // puts the nonce before the ciphertext
	if err != nil {
		return sealingKey{}, fmt.Errorf("derive the sealing key: %w", err)
	}
	return sealingKey{id: secret.Derive(idLabel, idBytes), aead: aead}, nil
}

// Seal encrypts plaintext under the current secret, bound to name.
func (s *Sealer) Seal(name string, plaintext []byte) ([]byte, error) {
	sealed := make([]byte, 0, 1+idBytes+len(plaintext)+s.current.aead.Overhead())
	sealed = append(sealed, version)
	sealed = append(sealed, s.current.id...)
	return s.current.aead.Seal(sealed, nil, plaintext, []byte(name)), nil //nolint:gosec // the AEAD makes the nonce
}

// Open decrypts what Seal made under the same name. stale says that it was
// sealed under the previous secret. The errors are application.ErrOtherSecret,
// which says what to do, and ErrDamaged.
func (s *Sealer) Open(name string, sealed []byte) (plaintext []byte, stale bool, err error) {
	if len(sealed) < 1+idBytes || sealed[0] != version {
		return nil, false, fmt.Errorf("open %q: unknown format: %w", name, ErrDamaged)
	}
	id, body := sealed[1:1+idBytes], sealed[1+idBytes:]
	key := &s.current
	switch {
	case bytes.Equal(id, s.current.id):
	case s.previous != nil && bytes.Equal(id, s.previous.id):
		key, stale = s.previous, true
	default:
		return nil, false, fmt.Errorf("open %q: %w (secret %x, and this one is %x): set SALLYPORT_SECRET_PREVIOUS to "+
			"the secret that was in use before, then run `sallyport keys rewrap`", name, application.ErrOtherSecret, id, s.current.id)
	}
	plaintext, err = key.aead.Open(nil, nil, body, []byte(name))
	if err != nil {
		return nil, false, fmt.Errorf("open %q: %w", name, ErrDamaged)
	}
	return plaintext, stale, nil
}
