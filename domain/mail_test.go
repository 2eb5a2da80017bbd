package domain_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

const mailTokenID = domain.MailTokenID("01985f40-5e5e-7d3c-a1b2-c3d4e5f60718")

func TestAMailedTokenSurvivesTheWayThroughALink(t *testing.T) {
	t.Parallel()
	secret := domain.RandomSecret()
	text := domain.FormatMailToken(mailTokenID, secret).Reveal()
	if !regexp.MustCompile(`^[A-Za-z0-9_.-]*[0-9a-f]$`).MatchString(text) {
		t.Errorf("got %q, want only what stands in a URL as it is, with no punctuation at the end", text)
	}
	id, got, err := domain.ParseMailToken(text)
	if err != nil || id != mailTokenID || got != secret {
		t.Errorf("parsed: got %s and %t (%v), want %s and the same secret", id, got == secret, err, mailTokenID)
	}
}

func TestWhatIsNoMailedTokenIsInvalid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", ".", "secret", "." + string(mailTokenID), "secret.", "secret." + string(mailTokenID) + "x",
		"secret." + strings.ToUpper(string(mailTokenID)), string(mailTokenID) + ".secret", strings.Repeat("a", 1<<16)} {
		if _, _, err := domain.ParseMailToken(text); !errors.Is(err, domain.ErrInvalidMailToken) {
			t.Errorf("%.60q: got %v, want ErrInvalidMailToken", text, err)
		}
	}
}

func TestAMailedTokenOpensUntilItIsOver(t *testing.T) {
	t.Parallel()
	secret, now := domain.RandomSecret(), time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	token := domain.MailToken{Hash: domain.HashSecret(secret), ExpiresAt: now}
	for name, c := range map[string]struct {
		secret domain.Secret
		now    time.Time
		want   bool
	}{
		"the last microsecond": {secret, now.Add(-time.Microsecond), true},
		"the end":              {secret, now, false},
		"another secret":       {domain.RandomSecret(), now.Add(-time.Hour), false},
		"no secret":            {domain.Secret{}, now.Add(-time.Hour), false},
	} {
		if got := token.Opens(c.secret, c.now); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}
