package bcrypthash

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// From crypt_blowfish's wrapper.c and from jBCrypt's tests.
var foreign = []struct{ text, hash string }{
	{"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
	{"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
	{"U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"},
	{"", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"},
	{"\xff\xff\xa3", "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"},
	{"abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"},
	{"abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"},
}

func TestHashesOfOtherSystemsVerify(t *testing.T) {
	t.Parallel()
	h := open(t, Config{Cost: 5})
	for _, f := range foreign {
		for _, revision := range []string{"$2a$", "$2b$", "$2y$"} {
			hash := revision + f.hash[len(revision):]
			if err := CheckForeign(hash); err != nil {
				t.Errorf("CheckForeign(%q): %v", hash, err)
			}
			got, err := h.Verify(t.Context(), domain.NewPasswordHash(hash), password(f.text))
			want := application.Verification{Match: true, Stale: f.hash[5] != '5'}
			if err != nil || got != want {
				t.Errorf("%q against %s: got %+v, %v, want %+v", f.text, hash, got, err, want)
			}
		}
	}
}

func TestOnlyWhatCanBeVerifiedMayBeImported(t *testing.T) {
	t.Parallel()
	const salt, digest = "CCCCCCCCCCCCCCCCCCCCC.", "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	for _, c := range []struct {
		name, hash string
		want       bool
	}{
		{"lowest cost", "$2b$04$" + salt + digest, true},
		{"highest cost", "$2b$16$" + salt + digest, true},
		{"another Sallyport's", "$sallyport-hmac-sha384$2b$12$" + salt + digest, true},
		{"spare bits in the salt", "$2b$12$" + "CCCCCCCCCCCCCCCCCCCCCC" + digest, true},
		{"cost too low", "$2b$03$" + salt + digest, false},
		{"cost too high", "$2b$17$" + salt + digest, false},
		{"cost without its zero", "$2b$4$" + salt + digest + ".", false},
		{"signed cost", "$2b$+5$" + salt + digest, false},
		{"no revision", "$2$05$" + salt + digest, false},
		{"defective revision", "$2x$05$" + salt + digest, false},
		{"upper-case revision", "$2B$05$" + salt + digest, false},
		{"unknown revision", "$2c$05$" + salt + digest, false},
		{"another algorithm", "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG", false},
		{"one character missing", "$2b$05$" + salt + digest[1:], false},
		{"one character more", "$2b$05$" + salt + digest + "x", false},
		{"a line's end", "$2b$05$" + salt + digest + "\n", false},
		{"line breaks inside the salt", "$2b$05$" + "CCCCCCCCCCCCCCCCCCCC\n\n" + digest, false},
		{"line breaks inside the digest", "$2b$05$" + salt + digest[:27] + "\n\n\n\n", false},
		{"a digest that no password has", "$2b$05$" + salt + digest[:30] + "X", false},
		{"padding", "$2b$05$" + salt + digest[:29] + "==", false},
		{"a foreign letter", "$2b$05$" + salt + "+" + digest[1:], false},
		{"another's tag", "$bcrypt-sha256$2b$05$" + salt + digest, false},
		{"a tag twice", strings.Repeat(string(reduced), 2) + "$2b$05$" + salt + digest, false},
		{"no separators", "$2b.05." + salt + digest, false},
		{"nothing", "", false},
	} {
		err := CheckForeign(c.hash)
		if (err == nil) != c.want {
			t.Errorf("%s: got %v, want accepted: %t", c.name, err, c.want)
		}
		if err == nil {
			continue
		}
		var invalid *domain.Error
		if !errors.As(err, &invalid) || invalid.Code != domain.ErrInvalid.Code || invalid.Fields[0].Field != "password_hash" {
			t.Errorf("%s: got %v, want an ErrInvalid on password_hash", c.name, err)
		}
		if c.hash != "" && strings.Contains(err.Error(), c.hash) {
			t.Errorf("%s: the error shows the hash", c.name)
		}
	}
}
