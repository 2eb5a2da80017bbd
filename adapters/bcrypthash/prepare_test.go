package bcrypthash

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzPrepare(f *testing.F) {
	for _, text := range []string{
		"", "a", "a\x00", "\x00a", "correct horse battery staple", "pässwörd", "\xff\xfe",
		strings.Repeat("x", 71), strings.Repeat("x", 72), strings.Repeat("x", 73), strings.Repeat("€", 24), strings.Repeat("€", 25),
		strings.Repeat("y", 72) + "\x00", strings.Repeat("z", 1024),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, scheme, err := prepare(password(text))
		if nul := strings.Contains(text, "\x00"); nul != (err != nil) {
			t.Fatalf("NUL: %t, got error %v", nul, err)
		}
		if err != nil {
			return
		}
		if len(key) > maxKey || bytes.IndexByte(key, 0) >= 0 {
			t.Errorf("got %d bytes with a NUL at %d, want at most %d and none", len(key), bytes.IndexByte(key, 0), maxKey)
		}
		if long := len(text) > maxKey; long != (scheme == reduced) {
			t.Errorf("%d bytes: got scheme %q", len(text), scheme)
		}
		if scheme == plain && string(key) != text {
			t.Errorf("got %q, want the password itself", key)
		}
		if scheme == reduced {
			if again, _, _ := prepare(password(text + "x")); bytes.Equal(again, key) {
				t.Errorf("one byte more gives the same key")
			}
		}
	})
}

// The reduction is part of the format: hashes stored under it must verify for ever.
func TestALongPasswordIsReducedAsDocumented(t *testing.T) {
	t.Parallel()
	key, _, err := prepare(password(strings.Repeat("a", 100)))
	const want = "/pd5njGtgTZQXHItO+Ffr/mbQBvb6eDicm5fMBgx8+UzWfuEYWAw4XMnx5Ja1Fex"
	if err != nil || string(key) != want {
		t.Errorf("got %s, %v, want %s", key, err, want)
	}
}
