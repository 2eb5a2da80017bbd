package domain

import (
	"errors"
	"strings"
	"testing"
)

func TestAPasswordIsTakenAsTypedInNormalizationFormC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, typed, want string }{
		{"ASCII", "correct horse", "correct horse"},
		{"white space and case count", "  Correct\tHorse \n", "  Correct\tHorse \n"},
		{"composed", "p\u00e4ssword", "p\u00e4ssword"},
		{"decomposed", "pa\u0308ssword", "p\u00e4ssword"},
		{"an Angstrom sign", "\u212b", "\u00c5"},
		{"full width stays", "\uff41\uff42\uff43", "\uff41\uff42\uff43"},
		{"emoji", "🔑🐎", "🔑🐎"},
		{"as long as may be", strings.Repeat("x", MaxPasswordBytes), strings.Repeat("x", MaxPasswordBytes)},
		{"nothing, for the policy to judge", "", ""},
	} {
		got, err := ParsePassword("password", c.typed)
		if err != nil || got.Reveal() != c.want {
			t.Errorf("%s: got %.40q, %v, want %.40q", c.name, got.Reveal(), err, c.want)
		}
	}
}

func TestAPasswordThatNoAccountCanHaveIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, typed, rule string }{
		{"a byte too many", strings.Repeat("x", MaxPasswordBytes+1), "1024 bytes"},
		{"grown by normalization", strings.Repeat("\u0958", MaxPasswordBytes/3), "1024 bytes"},
		{"a NUL", "correct\x00horse", "NUL"},
		{"invalid UTF-8", "correct\xffhorse", "UTF-8"},
		{"half a surrogate pair", "correct\xed\xa0\x80horse", "UTF-8"},
	} {
		got, err := ParsePassword("new_password", c.typed)
		var invalid *Error
		if !errors.As(err, &invalid) || !errors.Is(err, ErrInvalid) || !got.IsZero() {
			t.Errorf("%s: got a password: %t, error %v, want none and an ErrInvalid", c.name, !got.IsZero(), err)
			continue
		}
		if f := invalid.Fields[0]; f.Field != "new_password" || !strings.Contains(f.Detail, c.rule) {
			t.Errorf("%s: got %+v, want new_password and a rule about %s", c.name, f, c.rule)
		}
		if strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: the error shows the password", c.name)
		}
	}
}

func TestThePolicyRefusesWhatIsGuessedFirst(t *testing.T) {
	t.Parallel()
	policy := PasswordPolicy{MinLength: 12, IsCommon: func(lowered string) bool { return lowered == "passwordpassword" }}
	email, err := ParseEmail("Ada.Lovelace@Example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ typed, rule string }{
		{"correct horse battery staple", ""},
		{"twelve chars", ""},
		{"elevenchars", "at least 12 characters"},
		{strings.Repeat("é", 12), ""},
		{strings.Repeat("é", 11), "at least 12 characters"},
		{strings.Repeat("🔑", 12), ""},
		{"            ", ""},
		{"ada.lovelace@example.com", "email address"},
		{"ADA.Lovelace@example.COM", "email address"},
		{"Ada.Lovelace", "email address"},
		{"ada.lovelace and more", ""},
		{"PasswordPassword", "guessed first"},
		{"passwordpassword!", ""},
		{"SallyportSallyport", "name of this service"},
		{"sallyport-2026!", "name of this service"},
		{"123 sallyport 123", "name of this service"},
		{"sallyport of the north", ""},
	} {
		password, err := ParsePassword("password", c.typed)
		if err != nil {
			t.Fatalf("ParsePassword(%q): %v", c.typed, err)
		}
		err = policy.Check("password", password, email)
		if c.rule == "" && err != nil || c.rule != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.rule)) {
			t.Errorf("%q: got %v, want a rule about %q", c.typed, err, c.rule)
		}
	}
}

func TestAPolicyWithoutListAndEmailChecksTheRest(t *testing.T) {
	t.Parallel()
	policy := PasswordPolicy{MinLength: 8}
	for typed, want := range map[string]bool{"password": true, "short": false, "sallyport": false, "@@@@@@@@": true} {
		if err := policy.Check("password", Password{NewSecret(typed)}, Email{}); (err == nil) != want {
			t.Errorf("%q: got %v, want accepted: %t", typed, err, want)
		}
	}
}
