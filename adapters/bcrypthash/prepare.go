package bcrypthash

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"strings"

	"github.com/sallyport-auth/sallyport/domain"
)

// scheme is how a password becomes what bcrypt gets; its text is the tag
// before the bcrypt hash.
type scheme string

const (
	plain   scheme = ""
	reduced scheme = "$sallyport-hmac-sha384"
)

const (
	// maxKey is how many bytes of a key bcrypt looks at.
	maxKey = 72
	label  = "sallyport password hash v1"
)

// prepare returns what bcrypt gets for a password, at most 72 bytes without a
// NUL, and the scheme that made it. bcrypt ends its key with a NUL and repeats
// it, so that a password with one would equal others: that is domain.ErrInvalid.
func prepare(password domain.Password) ([]byte, scheme, error) {
	text := password.Reveal()
	if strings.IndexByte(text, 0) >= 0 {
		return nil, plain, domain.Invalid("password", "must not hold a NUL character")
	}
	if len(text) <= maxKey {
		return []byte(text), plain, nil
	}
	mac := hmac.New(sha512.New384, []byte(label))
	mac.Write([]byte(text))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil)), reduced, nil
}
