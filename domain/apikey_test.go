package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/domain"
)

const keyID domain.APIKeyID = "0195d9a0-7b1c-7c3e-8f00-0123456789ab"

func TestAnAPIKeyComesApartAsItWasPutTogether(t *testing.T) {
	t.Parallel()
	secret := domain.RandomSecret()
	id, got, err := domain.ParseAPIKey(domain.FormatAPIKey(keyID, secret).Reveal())
	if err != nil || id != keyID || got != secret {
		t.Errorf("ParseAPIKey: got %q, same secret %t, %v, want %q and the secret", id, got == secret, err, keyID)
	}
}

func TestATypoInAnAPIKeyIsSeenWithoutAQuery(t *testing.T) {
	t.Parallel()
	key := domain.FormatAPIKey(keyID, domain.NewSecret(strings.Repeat("k", 43))).Reveal()
	for i := range len(key) {
		for _, c := range []byte{'A', 'f', '0', '_', 0xff} {
			if key[i] == c {
				continue
			}
			if _, _, err := domain.ParseAPIKey(key[:i] + string([]byte{c}) + key[i+1:]); !errors.Is(err, domain.ErrInvalidAPIKey) {
				t.Errorf("%q in place of %q at %d: got error %v, want %v", c, key[i], i, err, domain.ErrInvalidAPIKey)
			}
		}
		if i+1 < len(key) && key[i] != key[i+1] {
			swapped := key[:i] + key[i+1:i+2] + key[i:i+1] + key[i+2:]
			if _, _, err := domain.ParseAPIKey(swapped); !errors.Is(err, domain.ErrInvalidAPIKey) {
				t.Errorf("characters %d and %d swapped: got error %v, want %v", i, i+1, err, domain.ErrInvalidAPIKey)
			}
		}
	}
	for _, other := range []string{"", "sp_", key + "0", key[1:], key[:len(key)-1], strings.ToUpper(key), " " + key, key + "\n"} {
		if _, _, err := domain.ParseAPIKey(other); !errors.Is(err, domain.ErrInvalidAPIKey) {
			t.Errorf("ParseAPIKey(%q): got error %v, want %v", other, err, domain.ErrInvalidAPIKey)
		}
	}
}

func TestNoTextBreaksParseAPIKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := "sp_" + rapid.OneOf(rapid.String(), rapid.StringN(88, 88, 88)).Draw(t, "text")
		if _, _, err := domain.ParseAPIKey(text); !errors.Is(err, domain.ErrInvalidAPIKey) {
			t.Fatalf("ParseAPIKey(%q): got error %v, want %v", text, err, domain.ErrInvalidAPIKey)
		}
	})
}

func TestAnAPIKeyOpensUntilItExpiresOrIsRevoked(t *testing.T) {
	t.Parallel()
	secret := domain.RandomSecret()
	for _, c := range []struct {
		name    string
		edit    func(*domain.APIKey)
		present domain.Secret
		want    error
	}{
		{"without an end", func(*domain.APIKey) {}, secret, nil},
		{"about to expire", func(k *domain.APIKey) { k.ExpiresAt = rotated.Add(tick) }, secret, nil},
		{"expired, to the microsecond", func(k *domain.APIKey) { k.ExpiresAt = rotated }, secret, domain.ErrInvalidAPIKey},
		{"revoked", func(k *domain.APIKey) { k.RevokedAt = rotated.Add(time.Hour) }, secret, domain.ErrInvalidAPIKey},
		{"another secret", func(*domain.APIKey) {}, domain.RandomSecret(), domain.ErrInvalidAPIKey},
		{"no secret", func(*domain.APIKey) {}, domain.Secret{}, domain.ErrInvalidAPIKey},
		{"no stored hash", func(k *domain.APIKey) { k.Hash = domain.SecretHash{} }, domain.Secret{}, domain.ErrInvalidAPIKey},
	} {
		key := &domain.APIKey{ID: keyID, Hash: domain.HashSecret(secret), Permissions: domain.NewPermissions("reports:read")}
		c.edit(key)
		if err := key.Prove(c.present, rotated); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
		if got := key.Service(); !got.Can("reports:read") || got.Kind != domain.PrincipalService || got.Subject != string(keyID) {
			t.Errorf("%s: got principal %+v", c.name, got)
		}
	}
}

func TestAStoredSecretHashMatchesAsTheOneThatWasStored(t *testing.T) {
	t.Parallel()
	secret := domain.RandomSecret()
	hash := domain.HashSecret(secret)
	if stored := domain.StoredSecretHash(hash.Reveal()); stored != hash || !stored.Matches(secret) || stored.Matches(domain.RandomSecret()) {
		t.Error("a stored hash: got another answer than from the hash itself")
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", hash, hash, hash, hash); strings.Contains(shown, hash.Reveal()) {
		t.Errorf("a printed hash: got %q, want it redacted", shown)
	}
}
