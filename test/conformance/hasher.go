package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// HasherCase is one promise of a hasher.
type HasherCase struct {
	Name string
	Run  func(t testing.TB, h application.PasswordHasher)
}

// TestHasher proves a hasher, of whatever algorithm. open returns one that is
// as cheap as its algorithm allows: some hundred hashes are computed. The
// cases run in parallel.
//
// That Verify works as long for nobody's hash as for any other can't be told
// from outside without a clock: an adapter proves it by counting.
func TestHasher(t *testing.T, open func(t *testing.T) application.PasswordHasher) {
	for _, c := range HasherCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, open(t))
		})
	}
}

// HasherCases returns all that TestHasher proves.
func HasherCases() []HasherCase { return hasherCases }

var hasherCases = []HasherCase{
	{"a password verifies against its hash, which is not stale", func(t testing.TB, h application.PasswordHasher) {
		for _, text := range []string{
			"correct horse battery staple", " spaces count ", "pässwörd Ω 日本語 🔑", "12345678", "\t\n\x01\x7f", strings.Repeat("€", 64),
		} {
			verifies(t, h, hashed(t, h, text), text, true)
		}
	}},
	{"another password does not", func(t testing.TB, h application.PasswordHasher) {
		hash := hashed(t, h, "correct horse")
		for _, text := range []string{
			"", "Correct horse", "correct horse ", " correct horse", "correct hors", "correct horsecorrect horse", "correct horse\n",
		} {
			verifies(t, h, hash, text, false)
		}
	}},
	{"every byte of a password counts, however long it is", func(t testing.TB, h application.PasswordHasher) {
		for _, n := range []int{55, 56, 71, 72, 73, 128, 255, 256, 257, domain.MaxPasswordBytes} {
			text := strings.Repeat("0123456789", 103)[:n]
			hash := hashed(t, h, text)
			verifies(t, h, hash, text, true)
			verifies(t, h, hash, "x"+text[1:], false)
			verifies(t, h, hash, text[:n-1]+"x", false)
			verifies(t, h, hash, text[:n-1], false)
			if n < domain.MaxPasswordBytes {
				verifies(t, h, hash, text+"x", false)
			}
		}
	}},
	{"a password is not equal to itself repeated", func(t testing.TB, h application.PasswordHasher) {
		verifies(t, h, hashed(t, h, "abcabcabcabc"), "abcabcabc", false)
		verifies(t, h, hashed(t, h, strings.Repeat("abcd", 18)), strings.Repeat("abcd", 19), false)
	}},
	{"two hashes of one password differ, and both verify", func(t testing.TB, h application.PasswordHasher) {
		for _, text := range []string{"short enough", strings.Repeat("long ", 40)} {
			one, two := hashed(t, h, text), hashed(t, h, text)
			if one.Reveal() == two.Reveal() {
				t.Errorf("two hashes of one password: got the same twice, want another salt each time")
			}
			verifies(t, h, one, text, true)
			verifies(t, h, two, text, true)
		}
	}},
	{"the zero hash matches nothing", func(t testing.TB, h application.PasswordHasher) {
		for _, text := range []string{"", "correct horse", strings.Repeat("long ", 40)} {
			verifies(t, h, domain.PasswordHash{}, text, false)
		}
	}},
	{"what is not a hash matches nothing", func(t testing.TB, h application.PasswordHasher) {
		const text = "correct horse"
		for _, garbage := range []string{
			" ", "x", text, "\x00", "$", "$$$", "$2", "$2b$", "$2b$04$", "$2b$99$", "$2b$31$" + strings.Repeat(".", 53),
			"$argon2id$", "$argon2id$v=19$m=0,t=0,p=0$$", "$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAA$AAAA",
			"$scrypt$", "$scrypt$ln=63,r=4294967295,p=4294967295$AAAA$AAAA", "$pbkdf2-sha256$", "{SSHA}AAAA", "*", "!",
			"5f4dcc3b5aa765d61d8327deb882cf99", "\xff\xfe", strings.Repeat("$", 100_000),
		} {
			verifies(t, h, domain.NewPasswordHash(garbage), text, false)
		}
	}},
	{"a damaged hash matches nothing", func(t testing.TB, h application.PasswordHasher) {
		for _, text := range []string{"correct horse", strings.Repeat("long ", 40)} {
			hash := hashed(t, h, text).Reveal()
			middle := len(hash) - 16 // within the digest
			for _, damaged := range []string{
				hash[1:], hash[:len(hash)-1], hash[:len(hash)/2], hash + "x", hash + "\x00", hash + "\n", " " + hash, hash + hash,
				hash[:middle] + other(hash[middle]) + hash[middle+1:], strings.ToUpper(hash),
			} {
				verifies(t, h, domain.NewPasswordHash(damaged), text, false)
			}
		}
	}},
	{"a hash is printable text of one line that does not hold the password", func(t testing.TB, h application.PasswordHasher) {
		for _, text := range []string{"correct horse", strings.Repeat("long ", 40)} {
			hash := hashed(t, h, text)
			if strings.Contains(hash.Reveal(), text) {
				t.Errorf("the hash holds the password")
			}
			for _, c := range []byte(hash.Reveal()) {
				if c <= ' ' || c > '~' {
					t.Errorf("the hash holds %q, want printable ASCII alone", c)
				}
			}
			if n := len(hash.Reveal()); n > 255 {
				t.Errorf("the hash has %d bytes, want at most 255", n)
			}
		}
	}},
	{"a hash shows as [redacted]", func(t testing.TB, h application.PasswordHasher) {
		hash := hashed(t, h, "correct horse")
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			if shown := fmt.Sprintf(verb, hash); shown != "[redacted]" {
				t.Errorf("a hash shown with %s: want [redacted]", verb)
			}
		}
	}},
	{"nothing begins when the context has ended", func(t testing.TB, h application.PasswordHasher) {
		hash := hashed(t, h, "correct horse")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := h.Hash(ctx, passwordOf("correct horse")); !errors.Is(err, context.Canceled) || !got.IsZero() {
			t.Errorf("Hash after the end: got a hash: %t, error %v, want none and %v", !got.IsZero(), err, context.Canceled)
		}
		for _, hash := range []domain.PasswordHash{hash, {}} {
			if got, err := h.Verify(ctx, hash, passwordOf("correct horse")); !errors.Is(err, context.Canceled) || got.Match {
				t.Errorf("Verify after the end: got %+v, %v, want no match and %v", got, err, context.Canceled)
			}
		}
	}},
	{"many hash and verify at once", func(t testing.TB, h application.PasswordHasher) {
		together(8, func(i int) {
			text := strings.Repeat(fmt.Sprintf("password of %d ", i), 1+i)
			hash, err := h.Hash(t.Context(), passwordOf(text))
			if err != nil {
				t.Errorf("Hash: %v", err)
				return
			}
			verifies(t, h, hash, text, true)
			verifies(t, h, hash, text+"x", false)
		})
	}},
}

// hashed returns a hash of text.
func hashed(t testing.TB, h application.PasswordHasher, text string) domain.PasswordHash {
	t.Helper()
	hash, err := h.Hash(t.Context(), passwordOf(text))
	if err != nil || hash.IsZero() {
		t.Fatalf("Hash of %d bytes: got a hash: %t, error %v, want a hash", len(text), !hash.IsZero(), err)
	}
	return hash
}

// verifies tells whether text is worth what it should be; a match is never stale here.
func verifies(t testing.TB, h application.PasswordHasher, hash domain.PasswordHash, text string, match bool) {
	t.Helper()
	got, err := h.Verify(t.Context(), hash, passwordOf(text))
	if want := (application.Verification{Match: match}); err != nil || got != want {
		t.Errorf("Verify of %d bytes (%.40q) against a hash of %d: got %+v, %v, want %+v",
			len(text), text, len(hash.Reveal()), got, err, want)
	}
}

// passwordOf wraps a text that is a password by domain.ParsePassword's rules.
func passwordOf(text string) domain.Password {
	return domain.Password{Secret: domain.NewSecret(text)}
}

// other returns a letter that is not c.
func other(c byte) string {
	if c == 'k' {
		return "w"
	}
	return "k"
}
