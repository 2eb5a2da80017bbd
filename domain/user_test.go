package domain_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestParseNameTakesTextOfPeople(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("語", domain.MaxNameLength)
	for text, want := range map[string]string{
		"":                  "",
		" \t\r\n ":          "",
		"  Ada  Lovelace ":  "Ada  Lovelace",
		"Zoë O'Brien-🦊":     "Zoë O'Brien-🦊",
		longest:             longest,
		" " + longest + " ": longest,
		`<b>"%_\$1`:         `<b>"%_\$1`,
	} {
		if got, err := domain.ParseName("name", text); err != nil || got != want {
			t.Errorf("ParseName(%q): got %q, %v, want %q", text, got, err, want)
		}
	}
	for _, bad := range []string{longest + "x", "a\x00b", "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\u0085b", "a\u009fb", "a\xffb", "\xc3"} {
		if got, err := domain.ParseName("name", bad); !errors.Is(err, domain.ErrInvalid) || got != "" {
			t.Errorf("ParseName(%q): got %q, %v, want %v", bad, got, err, domain.ErrInvalid)
		}
	}
}

func TestAParsedNameParsesToItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name, err := domain.ParseName("name", rapid.String().Draw(t, "text"))
		if err != nil {
			return
		}
		if again, err := domain.ParseName("name", name); err != nil || again != name {
			t.Fatalf("ParseName(%q): got %q, %v, want the same", name, again, err)
		}
	})
}

func TestAUserIsWhatStatusAndRolesSay(t *testing.T) {
	t.Parallel()
	admin := domain.User{Status: domain.StatusActive, Roles: []domain.RoleName{"a", domain.RoleAdmin}}
	off := admin
	off.Status = domain.StatusDisabled
	for _, c := range []struct {
		name      string
		got, want bool
	}{
		{"active", admin.Active(), true},
		{"disabled", off.Active(), false},
		{"of an unknown status", domain.User{Status: "frozen"}.Active(), false},
		{"of no status", domain.User{}.Active(), false},
		{"has a role", admin.Has("a"), true},
		{"lacks a role", admin.Has("adm"), false},
		{"active admin", admin.ActiveAdmin(), true},
		{"disabled admin", off.ActiveAdmin(), false},
		{"active, no admin", domain.User{Status: domain.StatusActive}.ActiveAdmin(), false},
		{"verified", domain.User{EmailVerifiedAt: rotated}.EmailVerified(), true},
		{"not verified", admin.EmailVerified(), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, c.got, c.want)
		}
	}
}
