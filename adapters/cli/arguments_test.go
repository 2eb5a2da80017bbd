package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestALifetimeTakesDaysBesideGoDurations(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "1d12h": 36 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "65535d": 65535 * day,
		"": 0, "0d": 0, "0s": 0, "-1d": 0, "-1h": 0, "1d-25h": 0, "d": 0, "90": 0, "1.5d": 0, "1d1d": 0, "65536d": 0, "1d 1h": 0, "９d": 0,
	} {
		got, err := parseLifetime(text)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: got %v, %v, want %v (0: an error)", text, got, err, want)
		}
	}
}

func TestExactlyOneLineEndIsDropped(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a", "a\n": "a", "a\n\n": "a\n", "a\r\n": "a", "a\r": "a\r", "\n": "", "": ""} {
		if got := withoutNewline([]byte(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestAPasswordThatIsTooLongIsRefusedAndNotCut(t *testing.T) {
	t.Parallel()
	for length, fits := range map[int]bool{domain.MaxPasswordBytes: true, domain.MaxPasswordBytes + 1: false, 1 << 20: false} {
		console := &Console{In: strings.NewReader(strings.Repeat("x", length) + "\r\n")}
		if _, err := console.password(t.Context(), true); (err == nil) != fits {
			t.Errorf("%d bytes: got %v, want accepted: %t", length, err, fits)
		}
	}
}

func TestAListingIsJSONOrATableThatNoNameCanBreak(t *testing.T) {
	t.Parallel()
	hostile := "Ada\t\x1b[31m\nroot <b>"
	for n := range 3 {
		var out bytes.Buffer
		l := (&Console{Out: &out}).list(true, "NAME")
		for range n {
			if err := l.add(map[string]string{"name": hostile}, hostile); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.end(); err != nil {
			t.Fatal(err)
		}
		var items []map[string]string
		if err := json.Unmarshal(out.Bytes(), &items); err != nil || len(items) != n || n > 0 && items[0]["name"] != hostile {
			t.Errorf("%d items: got %q, %v", n, out.String(), err)
		}
	}
	var out bytes.Buffer
	l := (&Console{Out: &out}).list(false, "NAME")
	_ = l.add(nil, hostile)
	_ = l.end()
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.ContainsAny(got, "\x1b\t") {
		t.Errorf("got %q, want two lines without control characters", got)
	}
}
