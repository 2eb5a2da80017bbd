package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

// APIKey is the credential of a service: what it may do, and until when.
type APIKey struct {
	ID          APIKeyID
	Name        string
	Hash        SecretHash
	Permissions Permissions
	CreatedBy   string // the subject that made it
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: not revoked
	LastUsedAt  time.Time // zero: never; up to a minute late
}

// Errors about API keys.
var (
	// ErrInvalidAPIKey is the one answer to a key that is wrong, expired or revoked.
	ErrInvalidAPIKey = &Error{Kind: KindForbidden, Code: "invalid-api-key", Detail: "Invalid API key"}
	// ErrAPIKeyNotFound says that there is no such key to administer.
	ErrAPIKeyNotFound = &Error{Kind: KindNotFound, Code: "not-found", Detail: "Not found"}
)

// Active reports whether the key opens anything at now.
func (k APIKey) Active(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Prove returns nil when secret is the key's, and the key is good at now, and
// else ErrInvalidAPIKey.
func (k *APIKey) Prove(secret Secret, now time.Time) error {
	if !k.Hash.Matches(secret) || !k.Active(now) {
		return ErrInvalidAPIKey
	}
	return nil
}

// Service returns the principal of the key, for whoever has proved it already.
func (k *APIKey) Service() Principal {
	return Principal{Kind: PrincipalService, Subject: string(k.ID), Permissions: k.Permissions}
}

// Within returns the principal of a token that the key obtained for scope: what
// the key may do now, and of that no more than the token says.
func (k *APIKey) Within(scope Permissions) Principal {
	p := k.Service()
	if !slices.Equal(p.Permissions, scope) {
		p.Permissions = NewPermissions(slices.DeleteFunc(slices.Clone(scope), func(p Permission) bool {
			return !k.Permissions.Allow(p)
		})...)
	}
	return p
}

// AccessExpiry returns when an access token that the key obtains at now ends:
// never after the key.
func (k *APIKey) AccessExpiry(now time.Time, ttl time.Duration) time.Time {
	expires := now.Add(ttl)
	if !k.ExpiresAt.IsZero() {
		expires = earliest(expires, k.ExpiresAt)
	}
	return expires.Truncate(time.Second)
}

// SecretHash is the SHA-256 of 256 random bits: a fast hash is enough for what
// can't be guessed. It shows as "[redacted]".
type SecretHash struct{ Secret }

// HashSecret returns the hash under which a random secret is stored.
func HashSecret(s Secret) SecretHash {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return SecretHash{NewSecret(hex.EncodeToString(sum[:]))}
}

// StoredSecretHash takes a hash as storage keeps it.
func StoredSecretHash(text string) SecretHash { return SecretHash{NewSecret(text)} }

// Matches reports in constant time whether the hash is of s.
func (h SecretHash) Matches(s Secret) bool {
	return subtle.ConstantTimeCompare([]byte(h.Reveal()), []byte(HashSecret(s).Reveal())) == 1
}

const (
	apiKeyPrefix   = "sp_"
	checksumLength = 8
)

// FormatAPIKey returns the key that a service presents: sp_<id>_<secret>, where
// the secret ends in a checksum, so that a typo or a secret scanner needs no query.
func FormatAPIKey(id APIKeyID, secret Secret) Secret {
	body := apiKeyPrefix + string(id) + "_" + secret.Reveal()
	return NewSecret(body + checksum(body))
}

// ParseAPIKey takes a presented key apart, or returns ErrInvalidAPIKey. It
// looks nothing up.
func ParseAPIKey(key string) (APIKeyID, Secret, error) {
	rest, ok := strings.CutPrefix(key, apiKeyPrefix)
	const secretLength = 43
	if !ok || len(rest) != 36+1+secretLength+checksumLength || rest[36] != '_' {
		return "", Secret{}, ErrInvalidAPIKey
	}
	id, err := ParseID[APIKeyID](rest[:36])
	if err != nil {
		return "", Secret{}, ErrInvalidAPIKey
	}
	body := key[:len(key)-checksumLength]
	if checksum(body) != key[len(body):] {
		return "", Secret{}, ErrInvalidAPIKey
	}
	return id, NewSecret(rest[37 : 37+secretLength]), nil
}

func checksum(body string) string {
	var b [4]byte
	sum := crc32.ChecksumIEEE([]byte(body))
	b[0], b[1], b[2], b[3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return hex.EncodeToString(b[:])
}
