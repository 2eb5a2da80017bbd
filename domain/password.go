package domain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPasswordBytes is the longest password that is looked at.
const MaxPasswordBytes = 1024

// Password is what a person typed, in normalization form C, so that the same
// characters from two keyboards are the same password. It shows as
// "[redacted]".
type Password struct{ Secret }

// PasswordHash is a stored password hash, with its scheme. The zero hash is
// that of nobody. It shows as "[redacted]".
type PasswordHash struct{ Secret }

// NewPasswordHash wraps a stored hash.
func NewPasswordHash(text string) PasswordHash { return PasswordHash{NewSecret(text)} }

// ParsePassword takes what a person typed into field. It refuses what no
// account can have, before any work and for everybody alike: more than
// MaxPasswordBytes, a NUL, invalid UTF-8.
func ParsePassword(field, text string) (Password, error) {
	switch {
	case len(text) > MaxPasswordBytes:
		return Password{}, Invalid(field, fmt.Sprintf("must be at most %d bytes", MaxPasswordBytes))
	case strings.IndexByte(text, 0) >= 0:
		return Password{}, Invalid(field, "must not hold a NUL character")
	case !utf8.ValidString(text):
		return Password{}, Invalid(field, "must be valid UTF-8")
	}
	text = norm.NFC.String(text)
	if len(text) > MaxPasswordBytes { // NFC can grow
		return Password{}, Invalid(field, fmt.Sprintf("must be at most %d bytes", MaxPasswordBytes))
	}
	return Password{NewSecret(text)}, nil
}

// PasswordPolicy says which passwords are good enough to be chosen
// (NIST SP 800-63B-4 §3.1.1.2): length and a list of what is guessed first; no
// rules of composition.
type PasswordPolicy struct {
	MinLength int                       // in characters (code points), 8 to 64
	IsCommon  func(lowered string) bool // may be nil
}

// Check returns an ErrInvalid on field when p is not good enough for the
// account of email.
func (policy PasswordPolicy) Check(field string, p Password, email Email) error {
	text := p.Reveal()
	if n := utf8.RuneCountInString(text); n < policy.MinLength {
		return Invalid(field, fmt.Sprintf("must be at least %d characters; a few words in a row are easy to remember and hard to guess", policy.MinLength))
	}
	lowered := strings.ToLower(text)
	if !email.IsZero() && (lowered == email.String() || lowered == email.Local()) {
		return Invalid(field, "must not be your email address; choose something that others do not know")
	}
	if repeats(lowered, serviceName) {
		return Invalid(field, "must not be the name of this service; choose something that others do not know")
	}
	if policy.IsCommon != nil && policy.IsCommon(lowered) {
		return Invalid(field, "is among the passwords that are guessed first; choose another, such as a few words in a row")
	}
	return nil
}

const serviceName = "sallyport"

// repeats reports whether text is name, once or several times, with nothing
// but digits and punctuation around it.
func repeats(text, name string) bool {
	rest := strings.ReplaceAll(text, name, "")
	if rest == text {
		return false
	}
	return strings.Trim(rest, "0123456789 .,;:!?_-*#@$") == ""
}
