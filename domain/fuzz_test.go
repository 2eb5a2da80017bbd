package domain

import (
	"errors"
	"strings"
	"testing"
)

func FuzzAPIKey(f *testing.F) {
	id := APIKeyID("01985f40-5e5e-7d3c-a1b2-c3d4e5f60718")
	good := FormatAPIKey(id, RandomSecret()).Reveal()
	for _, key := range []string{
		good, good + "x", good[1:], strings.ToUpper(good), "sp_", "sp__", "", strings.Replace(good, "_", "-", 1), "sp_" + strings.Repeat("x", 88),
		strings.Repeat("sp_", 40), good[:len(good)-1] + "\x00", "sp_" + string(id) + "_" + strings.Repeat("é", 25) + "0",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		id, secret, err := ParseAPIKey(key)
		if err != nil {
			if !errors.Is(err, ErrInvalidAPIKey) || id != "" || !secret.IsZero() || len(key) > 0 && strings.Contains(err.Error(), key) && len(key) > 20 {
				t.Fatalf("%q: got %q, %v, want nothing and ErrInvalidAPIKey, without the key", key, id, err)
			}
			return
		}
		if again := FormatAPIKey(id, secret).Reveal(); again != key {
			t.Errorf("%q is taken for %q: one key has one spelling", key, again)
		}
		if _, err := ParseID[APIKeyID](string(id)); err != nil {
			t.Errorf("%q: got the id %q, want one of ours", key, id)
		}
		for i := range key { // the checksum sees every typo of one letter
			typo := key[:i] + string(key[i]^1) + key[i+1:]
			if _, _, err := ParseAPIKey(typo); err == nil {
				t.Errorf("%q differs in one letter from %q, and is taken", typo, key)
			}
		}
	})
}

func FuzzPermission(f *testing.F) {
	for _, p := range []string{
		"users:read", "*:*", "users:*", "*", ":", "users:", ":read", "users:read:all", "Users:read", "users:read ", "users:r\x00", "ünicode:read",
		"a:b", strings.Repeat("a", 63) + ":" + strings.Repeat("b", 63), strings.Repeat("a", 64) + ":b", "users-x:read_y", "1users:read",
	} {
		f.Add(p, "users:read,users:write")
		f.Add(p, p)
	}
	f.Fuzz(func(t *testing.T, asked, held string) {
		var all []Permission
		for text := range strings.SplitSeq(held, ",") {
			p, err := ParsePermission("permissions", text)
			if err != nil {
				if !errors.Is(err, ErrInvalid) || p != "" {
					t.Fatalf("%q: got %q, %v, want none and an ErrInvalid", text, p, err)
				}
				continue
			}
			all = append(all, p)
		}
		set := NewPermissions(all...)
		want := false
		for _, p := range all {
			want = want || string(p) == asked
		}
		// Nothing that can be granted stands for more than itself.
		if got := set.Allow(Permission(asked)); got != want {
			t.Errorf("%q allows %q: %v, want %v", all, asked, got, want)
		}
		if !set.Cover(set) || !NewPermissions(EveryPermission).Cover(set) || len(set) > 0 && NewPermissions().Cover(set) || set.Cover(NewPermissions(EveryPermission)) {
			t.Errorf("%q: want it to cover itself, everything to cover it, and nothing not to", set)
		}
	})
}
