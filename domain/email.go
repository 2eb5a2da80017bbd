package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// MaxEmailBytes is the longest address that mail can be sent to (RFC 5321
// §4.5.3.1.3, without the angle brackets).
const MaxEmailBytes = 254

// Email is a mailbox in canonical form: an ASCII local part, a domain of
// A-labels (IDNA 2008), trimmed and lower-cased, so that one mailbox is one
// account. The zero Email is no mailbox.
type Email struct{ address string }

const tooLong = "must be at most 254 bytes, 64 of them before the @"

// ErrEmailTaken says that another account has the address. Only those who
// administer may see it; registration never tells.
var ErrEmailTaken = &Error{Kind: KindConflict, Code: "email-taken", Detail: "Email already in use"}

var domainNames = idna.New(
	idna.ValidateForRegistration(), // no mapping: what is not canonical is refused, not folded
	idna.VerifyDNSLength(true),
	idna.BidiRule(),
)

// ParseEmail returns the mailbox that s names, or an ErrInvalid on "email".
// White space around it and letter case do not count; look-alikes (full-width
// letters, zero-width characters, a dotless i) are refused, never folded.
func ParseEmail(s string) (Email, error) { return ParseEmailField("email", s) }

// ParseEmailField is ParseEmail for an input of another name.
func ParseEmailField(field, s string) (Email, error) {
	s = strings.Trim(s, " \t\r\n")
	if len(s) > 4*MaxEmailBytes { // even if it shrank to a quarter in ASCII
		return Email{}, Invalid(field, tooLong)
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return Email{}, Invalid(field, "must be an email address, such as ada@example.com")
	}
	local, host := s[:at], s[at+1:]
	if !isDotAtom(local) {
		return Email{}, Invalid(field, "the part before the @ must be ASCII letters, digits and any of .!#$%&'*+/=?^_`{|}~-")
	}
	host, ok := canonicalHost(host)
	if !ok {
		return Email{}, Invalid(field, "the part after the @ must be a domain name, such as example.com")
	}
	address := strings.ToLower(local) + "@" + host
	if len(address) > MaxEmailBytes || len(local) > 64 {
		return Email{}, Invalid(field, tooLong)
	}
	return Email{address}, nil
}

// StoredEmail takes an address that ParseEmail made earlier, as storage keeps it.
func StoredEmail(address string) Email { return Email{address} }

// String returns the canonical address.
func (e Email) String() string { return e.address }

// IsZero reports whether e is no mailbox.
func (e Email) IsZero() bool { return e.address == "" }

// Local returns the part before the @.
func (e Email) Local() string {
	local, _, _ := strings.Cut(e.address, "@")
	return local
}

// isDotAtom reports whether s is an ASCII dot-atom-text (RFC 5322 §3.2.3).
func isDotAtom(s string) bool {
	for _, atom := range strings.Split(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			c := atom[i]
			letter := c|0x20 >= 'a' && c|0x20 <= 'z'
			digit := c >= '0' && c <= '9'
			if !letter && !digit && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~-", rune(c)) {
				return false
			}
		}
	}
	return true
}

// canonicalHost returns a domain name in lower-case A-labels, the one form for
// each mailbox: no dot at its end, no address in place of a name (RFC 3696 §2).
func canonicalHost(host string) (string, bool) {
	if !norm.NFKC.IsNormalString(host) || !lowersAlike(host) {
		return "", false
	}
	ascii, err := domainNames.ToASCII(strings.ToLower(host))
	if err != nil || strings.Trim(ascii[strings.LastIndexByte(ascii, '.')+1:], "0123456789") == "" {
		return "", false
	}
	shown, err := domainNames.ToUnicode(ascii) // an A-label may hide what a U-label may not show
	if err != nil || strings.ContainsFunc(shown, misleading) {
		return "", false
	}
	return ascii, true
}

// lowersAlike refuses letters whose lower case is ASCII although they are not
// (the Kelvin sign, a dotted capital I): lower-casing would fold a look-alike.
func lowersAlike(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf {
			return false
		}
	}
	return true
}

// misleading reports whether a character, once lower-cased, has no place in a
// name that a person compares by eye: neither letter, mark nor digit (zero-width
// joiners, emoji; RFC 5892 §2), but for the five with a rule of their own there
// (appendix A.3 to A.7), or one whose upper case is ASCII (a dotless i).
func misleading(r rune) bool {
	const ruled = "\u00b7\u0375\u05f3\u05f4\u30fb"
	switch {
	case r < utf8.RuneSelf:
		return false
	case unicode.ToUpper(r) < utf8.RuneSelf:
		return true
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.Nd) && !strings.ContainsRune(ruled, r)
}

// EmailPrefix returns the canonical form of the beginning of an address, or of
// a whole one.
func EmailPrefix(s string) string {
	if email, err := ParseEmail(s); err == nil {
		return email.String()
	}
	return strings.ToLower(strings.TrimSpace(s))
}
