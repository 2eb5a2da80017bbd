package domain

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOneMailboxHasOneForm(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	longHost := label + "." + label + "." + label[:61] // 189 bytes
	for _, c := range []struct{ name, typed, want string }{
		{"as it is", "ada@example.com", "ada@example.com"},
		{"white space around it", " \t\r\nada@example.com\n ", "ada@example.com"},
		{"capitals", "Ada.Lovelace@Example.COM", "ada.lovelace@example.com"},
		{"a tag", "ada+news@example.com", "ada+news@example.com"},
		{"every letter that an atom may have", "!#$%&'*+/=?^_`{|}~-9@example.com", "!#$%&'*+/=?^_`{|}~-9@example.com"},
		{"a domain of one label", "ada@localhost", "ada@localhost"},
		{"digits in a domain", "ada@1.3com.4you", "ada@1.3com.4you"},
		{"U-labels", "ada@bücher.example", "ada@xn--bcher-kva.example"},
		{"capital U-labels", "ada@BÜCHER.example", "ada@xn--bcher-kva.example"},
		{"A-labels", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		{"capital A-labels", "ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"},
		{"sharp s, which IDNA 2008 keeps", "ada@straße.example", "ada@xn--strae-oqa.example"},
		{"a middle dot between l and l", "ada@paral·lel.cat", "ada@xn--parallel-koa.cat"},
		{"another script", "ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"},
		{"right to left", "ada@דוגמה.טעסט", "ada@xn--6dbbec0c.xn--deba0ad"},
		{"64 bytes before the @", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		{"254 bytes", strings.Repeat("a", 64) + "@" + longHost, strings.Repeat("a", 64) + "@" + longHost},
	} {
		got, err := ParseEmail(c.typed)
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %q: got %q, %v, want %q", c.name, c.typed, got, err, c.want)
		}
	}
}

func TestWhatIsNoMailboxOrLooksLikeAnotherIsRefused(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for _, c := range []struct{ name, typed string }{
		{"nothing", ""},
		{"white space", " "},
		{"no @", "ada.example.com"},
		{"nothing before the @", "@example.com"},
		{"nothing after the @", "ada@"},
		{"two @", "ada@home@example.com"},
		{"a display name", "Ada <ada@example.com>"},
		{"two addresses", "ada@example.com,bob@example.com"},
		{"a header", "ada@example.com\r\nBcc: bob@example.com"},
		{"quoted", `"ada lovelace"@example.com`},
		{"a comment", "ada(home)@example.com"},
		{"a space inside", "ada lovelace@example.com"},
		{"a space after the @", "ada@ example.com"},
		{"a NUL", "ada\x00@example.com"},
		{"dots in a row", "ada..lovelace@example.com"},
		{"a dot first", ".ada@example.com"},
		{"a dot before the @", "ada.@example.com"},
		{"a letter that is not ASCII", "adä@example.com"},
		{"a dotless i before the @", "m\u0131ke@example.com"},
		{"a full-width letter before the @", "\uff41da@example.com"},
		{"a Kelvin sign before the @", "\u212aate@example.com"},
		{"a zero-width space before the @", "ada\u200b@example.com"},
		{"a byte order mark", "\ufeffada@example.com"},
		{"no-break spaces around it", "\u00a0ada@example.com\u00a0"},
		{"invalid UTF-8", "ada@ex\xffample.com"},
		{"a dot at the end", "ada@example.com."},
		{"a dot first in the domain", "ada@.example.com"},
		{"an empty label", "ada@example..com"},
		{"an underscore", "ada@ex_ample.com"},
		{"a hyphen first", "ada@-example.com"},
		{"a hyphen last", "ada@example-.com"},
		{"hyphens third and fourth", "ada@ab--cd.com"},
		{"an IPv4 address", "ada@127.0.0.1"},
		{"an address literal", "ada@[127.0.0.1]"},
		{"a port", "ada@example.com:25"},
		{"a label of 64 bytes", "ada@a" + label + ".com"},
		{"a U-label of more than 63 bytes in ASCII", "ada@" + strings.Repeat("ü", 60) + ".com"},
		{"65 bytes before the @", strings.Repeat("a", 65) + "@example.com"},
		{"255 bytes", strings.Repeat("a", 64) + "@" + label + "." + label + "." + label[:62]},
		{"a mebibyte", "ada@" + strings.Repeat("ü", 1<<20)},
		{"a full-width letter", "ada@\uff45xample.com"},
		{"an ideographic full stop", "ada@example\u3002com"},
		{"a soft hyphen", "ada@exam\u00adple.com"},
		{"a zero-width space", "ada@exam\u200bple.com"},
		{"a zero-width joiner", "ada@exam\u200dple.com"},
		{"a zero-width non-joiner where its script has it", "ada@نامه\u200cای.com"},
		{"the same in A-labels", "ada@xn--mgba3gch31f060k.com"},
		{"a variation selector", "ada@exam\ufe0fple.com"},
		{"a right-to-left mark", "ada@\u200fexample.com"},
		{"a dotless i", "ada@g\u0131thub.com"},
		{"a dotless i in A-labels", "ada@xn--gthub-n4a.com"},
		{"a dotted capital I", "ada@g\u0130thub.com"},
		{"a long s", "ada@\u017fun.com"},
		{"a Kelvin sign", "ada@\u212aelvin.com"},
		{"an Angstrom sign, which lower-cases to another letter", "ada@\u212bngstrom.com"},
		{"an Ohm sign", "ada@\u2126.com"},
		{"a theta symbol", "ada@\u03f4.com"},
		{"letters and marks that compose", "ada@bu\u0308cher.com"},
		{"a heart", "ada@i\u2665.com"},
		{"an emoji in A-labels", "ada@xn--e28h.com"},
		{"an A-label of ASCII alone", "ada@xn--example-.com"},
		{"an A-label of nothing", "ada@xn--.com"},
		{"an A-label that is none", "ada@xn--abc.com"},
		{"an A-label of a capital", "ada@xn--kelvin-s9a.com"},
		{"mixed directions", "ada@\u05d0a.com"},
	} {
		got, err := ParseEmail(c.typed)
		var invalid *Error
		if !errors.As(err, &invalid) || !errors.Is(err, ErrInvalid) || !got.IsZero() || invalid.Fields[0].Field != "email" {
			t.Errorf("%s: %.80q: got %q, %v, want none and an ErrInvalid on email", c.name, c.typed, got, err)
		}
	}
}

func TestAnEmailOfAnotherFieldIsRefusedUnderItsName(t *testing.T) {
	t.Parallel()
	_, err := ParseEmailField("new_email", "nobody")
	var invalid *Error
	if !errors.As(err, &invalid) || invalid.Fields[0].Field != "new_email" {
		t.Errorf("got %v, want an ErrInvalid on new_email", err)
	}
}

func TestThePrefixOfAnEmailIsCanonicalToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"", ""}, {" Ada", "ada"}, {"ADA@Exam", "ada@exam"}, {"ada@", "ada@"}, {"100%_", "100%_"},
		{"Ada@Bücher.example", "ada@xn--bcher-kva.example"},
	} {
		if got := EmailPrefix(c.typed); got != c.want {
			t.Errorf("EmailPrefix(%q): got %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestTheLocalPartIsWhatStandsBeforeTheAt(t *testing.T) {
	t.Parallel()
	email, err := ParseEmail("Ada+news@example.com")
	if err != nil || email.Local() != "ada+news" {
		t.Errorf("got %q, %v, want ada+news", email.Local(), err)
	}
}

func FuzzEmail(f *testing.F) {
	for _, typed := range []string{
		"ada@example.com", " Ada@EXAMPLE.com ", "ada@bücher.example", "ada@BÜCHER.example", "ada@xn--bcher-kva.example", "ada@例え.テスト",
		"ada@example.com.", "ada@127.0.0.1", "m\u0131ke@example.com", "ada@g\u0131thub.com", "ada@\u212aelvin.com", "ada@\u212bngstrom.com",
		"ada@exam\u200bple.com", "ada@نامه\u200cای.com", "ada@example\u3002com", "ada@xn--e28h.com", "ada@xn--.com", "ada@\xff.com", "@", "a@b@c",
		`"a b"@example.com`, strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + ".com",
	} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		email, err := ParseEmail(typed)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || !email.IsZero() {
				t.Fatalf("got %q, %v, want none and an ErrInvalid", email, err)
			}
			return
		}
		address := email.String()
		for _, c := range []byte(address) {
			if c <= ' ' || c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
				t.Errorf("got %q, want lower-case ASCII", address)
			}
		}
		if local, host, _ := strings.Cut(address, "@"); len(address) > MaxEmailBytes || local == "" || host == "" ||
			strings.Contains(host, "@") || strings.HasSuffix(host, ".") {
			t.Errorf("got %q, want a local part, one @ and a domain, in %d bytes", address, MaxEmailBytes)
		}
		for _, same := range []string{address, " " + address + "\n", strings.ToUpper(address)} {
			if again, err := ParseEmail(same); err != nil || again != email {
				t.Errorf("%q again as %q: got %q, %v", address, same, again, err)
			}
		}
	})
}
