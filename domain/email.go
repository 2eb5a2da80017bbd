package domain

import (
	"strings"

	"golang.org/x/net/idna"
)

// MaxEmailBytes is the longest address that mail can be sent to (RFC 5321
// §4.5.3.1.3, without the angle brackets).
const MaxEmailBytes = 254

// Email is a mailbox in canonical form: an ASCII local part, a domain of
// A-labels (IDNA 2008), trimmed and lower-cased, so that one mailbox is one
// account. The zero Email is no mailbox.
type Email struct{ address string }

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
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return Email{}, Invalid(field, "must be an email address, such as ada@example.com")
	}
	local, host := s[:at], s[at+1:]
	if !isDotAtom(local) {
		return Email{}, Invalid(field, "the part before the @ must be ASCII letters, digits and any of .!#$%&'*+/=?^_`{|}~-")
	}
	host, err := canonicalHost(host)
	if err != nil {
		return Email{}, Invalid(field, "the part after the @ must be a domain name, such as example.com")
	}
	address := strings.ToLower(local) + "@" + host
	if len(address) > MaxEmailBytes || len(local) > 64 {
		return Email{}, Invalid(field, "must be at most 254 bytes, 64 of them before the @")
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

// isDotAtom holds RFC 5322 §3.2.3's dot-atom-text in ASCII.
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

func canonicalHost(host string) (string, error) {
	if isASCII(host) {
		host = strings.ToLower(host)
	} else if !lowersAlike(host) {
		return "", ErrInvalid
	} else {
		host = strings.ToLower(host)
	}
	ascii, err := domainNames.ToASCII(host)
	if err != nil {
		return "", err
	}
	return ascii, nil
}

// lowersAlike refuses letters whose lower case is ASCII although they are not
// (the Kelvin sign, a dotted capital I): lower-casing would fold a look-alike.
func lowersAlike(s string) bool {
	for _, r := range s {
		if r >= 0x80 {
			for _, l := range strings.ToLower(string(r)) {
				if l < 0x80 {
					return false
				}
			}
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// EmailPrefix returns the canonical form of the beginning of an address.
func EmailPrefix(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
