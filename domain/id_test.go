package domain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestParseIDTakesTheCanonicalFormAlone(t *testing.T) {
	t.Parallel()
	const good = "0195d9a0-7b1c-7c3e-8f00-0123456789ab"
	if id, err := domain.ParseID[domain.UserID](good); err != nil || id != good {
		t.Errorf("ParseID(%q): got %q, %v, want it as it is", good, id, err)
	}
	for _, bad := range []string{
		"", "me", strings.ToUpper(good), strings.ReplaceAll(good, "-", ""), "{" + good + "}", "urn:uuid:" + good, " " + good[1:],
		good + "0", good[1:], good[:35] + "g", good[:35] + "\x00", good[:8] + "_" + good[9:], strings.Repeat("-", 36), strings.Repeat("0", 36),
		good[:33] + "語", "0195d9a07-b1c-7c3e-8f00-0123456789ab",
	} {
		if id, err := domain.ParseID[domain.UserID](bad); !errors.Is(err, domain.ErrNotFound) || id != "" {
			t.Errorf("ParseID(%q): got %q, %v, want %v", bad, id, err, domain.ErrNotFound)
		}
	}
}
