package conformance

import (
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func insertAPIKey(t testing.TB, s application.Tx, edits ...func(*domain.APIKey)) domain.APIKey {
	t.Helper()
	key := domain.APIKey{
		ID: newID[domain.APIKeyID](), Name: "Nachtläufer 🌙", Hash: domain.HashSecret(domain.RandomSecret()),
		Permissions: domain.NewPermissions("reports:read", "reports:write"), CreatedBy: "operator", CreatedAt: noon,
	}
	for _, edit := range edits {
		edit(&key)
	}
	require(t, "insert an API key", s.APIKeys().Insert(t.Context(), key))
	return key
}

var apiKeyCases = []Case{
	{"an API key comes back as it was written", func(t testing.TB, s application.Storage) {
		insertAPIKey(t, s)
		for _, want := range []domain.APIKey{
			insertAPIKey(t, s),
			insertAPIKey(t, s, func(k *domain.APIKey) {
				k.Permissions, k.CreatedBy = nil, string(newID[domain.UserID]())
				k.ExpiresAt, k.LastUsedAt, k.RevokedAt = noon.Add(time.Hour), noon.Add(time.Second), noon.Add(time.Minute)
			}),
		} {
			got, err := s.APIKeys().APIKey(t.Context(), want.ID)
			same(t, "APIKey", got, err, want)
		}
		_, err := s.APIKeys().APIKey(t.Context(), newID[domain.APIKeyID]())
		refuse(t, "APIKey of nothing", err, domain.ErrAPIKeyNotFound)
	}},
	{"API keys are listed by id, page by page, also revoked ones", func(t testing.TB, s application.Storage) {
		a, b, c := insertAPIKey(t, s), insertAPIKey(t, s, func(k *domain.APIKey) { k.RevokedAt = noon }), insertAPIKey(t, s)
		got, err := s.APIKeys().List(t.Context(), page[domain.APIKeyID](2))
		same(t, "first page", got, err, []domain.APIKey{a, b})
		got, err = s.APIKeys().List(t.Context(), application.Page[domain.APIKeyID]{After: b.ID, Limit: 2})
		same(t, "second page", got, err, []domain.APIKey{c})
	}},
	{"an API key is revoked once", func(t testing.TB, s application.Storage) {
		key := insertAPIKey(t, s)
		done, err := s.APIKeys().Revoke(t.Context(), key.ID, noon.Add(time.Minute))
		same(t, "Revoke", done, err, true)
		done, err = s.APIKeys().Revoke(t.Context(), key.ID, noon.Add(time.Hour))
		same(t, "Revoke again", done, err, false)
		key.RevokedAt = noon.Add(time.Minute)
		got, err := s.APIKeys().APIKey(t.Context(), key.ID)
		same(t, "APIKey", got, err, key)
		_, err = s.APIKeys().Revoke(t.Context(), newID[domain.APIKeyID](), noon)
		refuse(t, "Revoke of nothing", err, domain.ErrAPIKeyNotFound)
	}},
	{"Touch only raises when a key was last used", func(t testing.TB, s application.Storage) {
		a, b, other := insertAPIKey(t, s), insertAPIKey(t, s), insertAPIKey(t, s)
		touch := func(at map[domain.APIKeyID]time.Time) {
			t.Helper()
			succeed(t, "Touch", s.APIKeys().Touch(t.Context(), at))
		}
		touch(nil)
		touch(map[domain.APIKeyID]time.Time{a.ID: noon.Add(time.Minute), b.ID: noon.Add(time.Hour), newID[domain.APIKeyID](): noon})
		touch(map[domain.APIKeyID]time.Time{a.ID: noon.Add(time.Microsecond).Add(time.Minute), b.ID: noon})
		a.LastUsedAt, b.LastUsedAt = noon.Add(time.Microsecond).Add(time.Minute), noon.Add(time.Hour)
		got, err := s.APIKeys().List(t.Context(), page[domain.APIKeyID](9))
		same(t, "keys", got, err, []domain.APIKey{a, b, other})
	}},
}
