package echohttp

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// decoded is what a strict reader of the generated shape understands.
func decoded[Wire any](t *rapid.T, body []byte) (wire Wire) {
	if err := json.Unmarshal(body, &wire, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return wire
}

var (
	anyText  = rapid.StringMatching(`[a-z<>&"\\\x00-\x1f\x{2028}é😀]{0,12}`)
	anyNames = rapid.SliceOfN(rapid.StringMatching(`[a-z][a-z0-9_-]{0,5}`), 0, 3)
	anyTime  = rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "µs")).UTC()
	})
	anyUser = rapid.Custom(func(t *rapid.T) domain.User {
		u := domain.User{
			ID: domain.UserID(anyText.Draw(t, "id")), Email: domain.StoredEmail(anyText.Draw(t, "email")), Name: anyText.Draw(t, "name"),
			Status: rapid.SampledFrom([]domain.Status{domain.StatusActive, domain.StatusDisabled}).Draw(t, "status"),
			Roles:  names[domain.RoleName](t), CreatedAt: anyTime.Draw(t, "created"), UpdatedAt: anyTime.Draw(t, "updated"),
		}
		if rapid.Bool().Draw(t, "verified") {
			u.EmailVerifiedAt = anyTime.Draw(t, "when")
		}
		return u
	})
)

func names[T ~string](t *rapid.T) (list []T) {
	for _, name := range anyNames.Draw(t, "names") {
		list = append(list, T(name))
	}
	return list
}

func TestAUserIsWrittenAsTheGeneratedShape(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		user := anyUser.Draw(t, "user")
		if diff := cmp.Diff(wireUser(user), decoded[User](t, appendUser(nil, &user))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestADecisionIsWrittenAsTheGeneratedShape(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := application.Decision{Allowed: rapid.Bool().Draw(t, "allowed"), Reason: application.Reason(anyText.Draw(t, "reason"))}
		want := AuthorizeDecision{Allowed: d.Allowed, Reason: AuthorizeDecisionReason(d.Reason)}
		if rapid.Bool().Draw(t, "known") {
			p := domain.Principal{
				Kind: domain.PrincipalUser, Subject: anyText.Draw(t, "subject"), Session: domain.SessionID(anyText.Draw(t, "session")),
				Roles: names[domain.RoleName](t), Permissions: names[domain.Permission](t),
			}
			d.Principal, want.Principal = &p, &Principal{
				Kind: PrincipalKind(p.Kind), Subject: p.Subject, Session: string(p.Session), Roles: texts(p.Roles), Permissions: texts(p.Permissions),
			}
			if rapid.Bool().Draw(t, "user") {
				user := anyUser.Draw(t, "user")
				p.User, want.Principal.Email = &user, user.Email.String()
			}
		}
		if diff := cmp.Diff(want, decoded[AuthorizeDecision](t, appendDecision(nil, d))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
