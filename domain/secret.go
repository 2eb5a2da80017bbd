package domain

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret holds text that must not be seen: a password, a token, a hash, a key.
// However it is printed, formatted, logged or marshalled it shows
// "[redacted]"; Reveal is the one way to the text, and easy to search for.
type Secret struct{ text string }

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{text} }

// RandomSecret returns 256 random bits in base64url without padding
// (43 characters).
func RandomSecret() Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never returns an error (crypto/rand, since Go 1.24)
	return Secret{base64.RawURLEncoding.EncodeToString(b[:])}
}

// Reveal returns the text itself.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == "" }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb, also those that would otherwise
// print the fields by reflection.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON returns "[redacted]" as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Derive returns n bytes of key material for one purpose, named by label, by
// HKDF-SHA-256 (RFC 5869). Equal secrets and labels give equal keys; keys of
// different labels say nothing of each other. n is at most 8160.
func (s Secret) Derive(label string, n int) []byte {
	key, err := hkdf.Key(sha256.New, []byte(s.text), nil, label, n)
	if err != nil {
		panic("domain: HKDF asked for " + err.Error()) // n is a constant of the caller's
	}
	return key
}

// Name returns 16 hexadecimal characters that tell one secret from another and
// nothing of either.
func (s Secret) Name() string { return hex.EncodeToString(s.Derive("sallyport/secret/v1/name", 8)) }
