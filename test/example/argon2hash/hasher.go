package argon2hash

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Config is the cost of a hash.
type Config struct {
	Memory uint32 // KiB
	Passes uint32 // over that memory; the work grows with them
}

// Default is what OWASP's cheat sheet on password storage asks for.
var Default = Config{Memory: 19 * 1024, Passes: 2}

const (
	saltLength   = 16
	digestLength = 32
)

// Hasher hashes and verifies passwords. It may be used by many at once.
type Hasher struct{ Config }

var _ application.PasswordHasher = (*Hasher)(nil)

// New returns a Hasher.
func New(config Config) *Hasher { return &Hasher{config} }

// Hash returns the hash to store.
func (h *Hasher) Hash(ctx context.Context, password domain.Password) (domain.PasswordHash, error) {
	if err := ctx.Err(); err != nil {
		return domain.PasswordHash{}, err
	}
	s := stored{passes: h.Passes, salt: make([]byte, saltLength)}
	_, _ = rand.Read(s.salt) // never returns an error
	s.digest = h.digest(password, s.salt, s.passes)
	return domain.NewPasswordHash(h.format(s)), nil
}

// Verify does the work of one hash, whatever comes: what can't be read costs a
// whole one, and a hash of fewer passes is topped up.
func (h *Hasher) Verify(ctx context.Context, hash domain.PasswordHash, password domain.Password) (application.Verification, error) {
	if err := ctx.Err(); err != nil {
		return application.Verification{}, err
	}
	s, ok := h.parse(hash.Reveal())
	if !ok {
		h.digest(password, make([]byte, saltLength), h.Passes)
		return application.Verification{}, nil
	}
	match := subtle.ConstantTimeCompare(s.digest, h.digest(password, s.salt, s.passes)) == 1
	if missing := h.Passes - s.passes; missing > 0 {
		h.digest(password, s.salt, missing)
	}
	return application.Verification{Match: match, Stale: match && s.passes != h.Passes}, nil
}

func (h *Hasher) digest(password domain.Password, salt []byte, passes uint32) []byte {
	return argon2.IDKey([]byte(password.Reveal()), salt, passes, h.Memory, 1, digestLength)
}

// stored is a stored hash, taken apart.
type stored struct {
	passes       uint32
	salt, digest []byte
}

var encoding = base64.RawStdEncoding

func (h *Hasher) format(s stored) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s",
		argon2.Version, h.Memory, s.passes, encoding.EncodeToString(s.salt), encoding.EncodeToString(s.digest))
}

// parse reads what format writes, to the letter: with the same memory and no
// more passes than today's, so that a stored hash never asks for more work.
func (h *Hasher) parse(text string) (stored, bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return stored{}, false
	}
	var s stored
	var memory uint32
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &memory, &s.passes); err != nil || s.passes == 0 || s.passes > h.Passes {
		return stored{}, false
	}
	s.salt, _ = encoding.DecodeString(parts[4]) // what is no base64 is not formatted as it was
	s.digest, _ = encoding.DecodeString(parts[5])
	return s, len(s.salt) == saltLength && len(s.digest) == digestLength && h.format(s) == text
}
