package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestAServicesTokenMayWhatItsScopeAndItsKeySay(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{})
	_, client := r.service(time.Time{}, domain.UsersRead, domain.AuditRead, "reports:read")
	for scope, want := range map[string][]domain.Permission{
		"":                                   {domain.AuditRead, "reports:read", domain.UsersRead},
		"reports:read":                       {"reports:read"},
		"users:read audit:read":              {domain.AuditRead, domain.UsersRead},
		"users:read users:read reports:read": {"reports:read", domain.UsersRead},
	} {
		token, err := r.clients.Do(t.Context(), client, scope)
		i.must("get a token for "+scope, err)
		p, err := r.authorize.Bearer(t.Context(), token.Access.Reveal())
		i.must("use it", err)
		if !p.Permissions.Cover(want) || !domain.NewPermissions(want...).Cover(p.Permissions) || !token.Scope.Cover(want) {
			t.Errorf("scope %q: got %v, want %v", scope, p.Permissions, want)
		}
		if p.Kind != domain.PrincipalService || p.Subject != client.ID || p.Session != "" {
			t.Errorf("scope %q: got %+v, want the service", scope, p)
		}
	}
	for _, scope := range []string{"users:write", "reports:read users:write", "*:*", "reports", "reports:read  users:read", " reports:read", "reports:read ", "openid"} {
		if _, err := r.clients.Do(t.Context(), client, scope); !errors.Is(err, domain.ErrInvalidScope) {
			t.Errorf("scope %q: got %v, want ErrInvalidScope", scope, err)
		}
	}
}

func TestAServicesTokenNeverOutlivesItsKeyAndDiesWithIt(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{})
	i.pass(300 * time.Millisecond)
	soon := i.Now().Add(time.Minute)
	_, short := r.service(soon)
	token, err := r.clients.Do(t.Context(), short, "")
	i.must("get a token", err)
	if want := soon.Truncate(time.Second); !token.ExpiresAt.Equal(want) {
		t.Errorf("it ends at %v, want %v", token.ExpiresAt, want)
	}
	i.pass(time.Minute)
	if r.good(token.Access.Reveal()) {
		t.Error("it is good after its key is over")
	}
	key, client := r.service(time.Time{})
	held := r.token(client)
	if !r.good(held) {
		t.Error("a token is refused while its key is good")
	}
	i.must("revoke the key", r.apiKeys.Revoke(t.Context(), domain.Operator(), key.ID))
	if r.good(held) {
		t.Error("a token is good although its key is revoked")
	}
}

func TestAClientProvesItselfWithItsOwnWholeKey(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	r := i.run(setting{})
	_, client := r.service(time.Time{})
	_, other := r.service(time.Time{})
	_, over := r.service(i.Now().Add(time.Second))
	i.pass(time.Second)
	for name, wrong := range map[string]application.Client{
		"another's key":      {ID: client.ID, Secret: other.Secret},
		"no secret":          {ID: client.ID},
		"no id":              {Secret: client.Secret},
		"the id as secret":   {ID: client.ID, Secret: domain.NewSecret(client.ID)},
		"a changed secret":   {ID: client.ID, Secret: domain.NewSecret(client.Secret.Reveal() + "0")},
		"a key that is over": over,
	} {
		if _, err := r.clients.Do(t.Context(), wrong, ""); !errors.Is(err, domain.ErrInvalidAPIKey) {
			t.Errorf("%s: got %v, want ErrInvalidAPIKey", name, err)
		}
	}
	i.must("the right one", second(r.clients.Do(t.Context(), client, "")))
}
