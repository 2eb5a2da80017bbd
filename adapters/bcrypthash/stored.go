package bcrypthash

import (
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport-auth/sallyport/domain"
)

// MaxCost is the highest cost at which a hash is computed: at about 4 s on a
// core of today, more would be a way to stop the service.
const MaxCost = 16

const (
	hashLength = 60 // "$2b$12$", salt, digest
	saltStart  = len("$2b$12$")
	digestAt   = saltStart + 22
	maxHash    = len(reduced) + hashLength

	revisions = "aby" // of $2a$, $2b$ and $2y$
	written   = 'b'   // the one that we write
	digits    = "0123456789"
	alphabet  = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + digits
)

// The two halves of a hash. Spare bits of the last character of a salt are
// ignored by every implementation; those of a digest must be zero, or no
// password could ever match.
var (
	salts   = base64.NewEncoding(alphabet).WithPadding(base64.NoPadding)
	digests = salts.Strict()
)

var errUnreadable = errors.New("not a bcrypt hash of a cost that is computed here")

// stored is a stored hash, taken apart.
type stored struct {
	scheme scheme
	bcrypt []byte // "$2b$12$…", 60 bytes
	cost   int
}

// parse reads a stored hash. It is exact where golang.org/x/crypto/bcrypt is
// lenient: no other length, no other revision, nothing after the digest.
func parse(text string) (stored, error) {
	if len(text) > maxHash {
		return stored{}, errUnreadable
	}
	s := stored{scheme: plain}
	if rest, ok := strings.CutPrefix(text, string(reduced)); ok {
		s.scheme, text = reduced, rest
	}
	if len(text) != hashLength || !strings.HasPrefix(text, "$2") || strings.IndexByte(revisions, text[2]) < 0 ||
		text[3] != '$' || text[6] != '$' || strings.Trim(text[4:6], digits) != "" {
		return stored{}, errUnreadable
	}
	s.cost = int(text[4]-'0')*10 + int(text[5]-'0')
	if s.cost < bcrypt.MinCost || s.cost > MaxCost {
		return stored{}, errUnreadable
	}
	if !holds(salts, text[saltStart:digestAt], 16) || !holds(digests, text[digestAt:], 23) {
		return stored{}, errUnreadable
	}
	s.bcrypt = []byte(text)
	return s, nil
}

// holds reports whether text encodes n bytes; a decoder alone would skip line breaks.
func holds(encoding *base64.Encoding, text string, n int) bool {
	decoded, err := encoding.DecodeString(text)
	return err == nil && len(decoded) == n
}

// format returns the text of a hash as golang.org/x/crypto/bcrypt makes it,
// under today's revision: it writes $2a$ for what others call $2b$.
func format(scheme scheme, hash []byte) domain.PasswordHash {
	hash[2] = written
	return domain.NewPasswordHash(string(scheme) + string(hash))
}

// CheckForeign is the function of that name.
func (*Hasher) CheckForeign(hash domain.PasswordHash) error { return CheckForeign(hash.Reveal()) }

// CheckForeign returns nil for a hash of another system that Verify can read,
// or an ErrInvalid on "password_hash": it must be bcrypt of cost 4 to 16. What
// another Sallyport wrote passes too.
func CheckForeign(hash string) error {
	if _, err := parse(hash); err != nil {
		return domain.Invalid("password_hash", "must be a bcrypt hash ($2a$, $2b$ or $2y$) of a cost from 4 to 16")
	}
	return nil
}
