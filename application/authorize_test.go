package application_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestARoleChangeCountsOnTheNextRequestAndEndsNoSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user(t, ada, domain.RoleModerator)
	tokens := w.login(t, ada)
	required := application.Requirement{Permission: domain.UsersRead}
	wantError(t, "as a moderator", w.authorize().Permit(t.Context(), w.principal(t, tokens), required), nil)
	_, err := w.users().SetRoles(t.Context(), w.operator, user.ID, []domain.RoleName{domain.RoleUser}, application.Precondition{})
	require(t, "demote", err)
	wantError(t, "as a user", w.authorize().Permit(t.Context(), w.principal(t, tokens), required), domain.ErrInsufficientPermissions)
	if got := w.events.last(); got.Type != domain.AccessDenied || got.Details["required"] != "permission users:read" {
		t.Errorf("event: got %+v, want %s naming the permission", got, domain.AccessDenied)
	}
	if _, err := w.refresh().Do(t.Context(), tokens.Refresh.Reveal()); err != nil {
		t.Errorf("refresh: got %v, want tokens", err)
	}
}

func TestAnAccessTokenIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		spoil  func(t *testing.T, w *world, user domain.User, tokens domain.Tokens) error
		want   error
		reason application.Reason
	}{
		{"expired", func(_ *testing.T, w *world, _ domain.User, _ domain.Tokens) error {
			w.clock.wait(lives.Access)
			return nil
		}, domain.ErrTokenExpired, application.ReasonTokenExpired},
		{"logged out", func(t *testing.T, w *world, _ domain.User, tokens domain.Tokens) error {
			return w.logout().ByAccessToken(t.Context(), tokens.Access.Reveal())
		}, domain.ErrTokenRevoked, application.ReasonTokenRevoked},
		{"logged out everywhere", func(t *testing.T, w *world, user domain.User, _ domain.Tokens) error {
			return w.logout().Everywhere(t.Context(), user.ID)
		}, domain.ErrTokenRevoked, application.ReasonTokenRevoked},
		{"disabled, which wins over revoked", func(t *testing.T, w *world, user domain.User, _ domain.Tokens) error {
			return disable(t.Context(), w, user.ID)
		}, domain.ErrUserInactive, application.ReasonUserInactive},
		{"deleted", func(t *testing.T, w *world, user domain.User, _ domain.Tokens) error {
			return w.users().Delete(t.Context(), w.operator, user.ID, application.Precondition{})
		}, domain.ErrUserInactive, application.ReasonUserInactive},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			user := w.user(t, ada)
			tokens := w.login(t, ada)
			require(t, test.name, test.spoil(t, w, user, tokens))
			_, err := w.authorize().Bearer(t.Context(), tokens.Access.Reveal())
			wantError(t, "the bearer", err, test.want)
			if got := w.events.last(); got.Type != domain.AccessDenied || got.Outcome != domain.Failure || got.Reason == "" {
				t.Errorf("event: got %+v, want %s with a reason", got, domain.AccessDenied)
			}
			decision, err := w.authorize().Decide(t.Context(), w.operator, application.Question{Token: tokens.Access.Reveal()})
			wantError(t, "decide", err, nil)
			if decision.Allowed || decision.Reason != test.reason || decision.Principal != nil {
				t.Errorf("decision: got %+v, want %s of nobody", decision, test.reason)
			}
		})
	}
}

func TestAskingAboutAnotherTokenTakesAPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	tokens := w.login(t, ada)
	_, err := w.authorize().Decide(t.Context(), w.principal(t, tokens), application.Question{Token: tokens.Access.Reveal()})
	wantError(t, "ask without the permission", err, domain.ErrInsufficientPermissions)
	own, err := w.authorize().Decide(t.Context(), w.principal(t, tokens), application.Question{Required: application.Requirement{AnyRole: []domain.RoleName{domain.RoleAdmin, domain.RoleUser}}})
	wantError(t, "ask about oneself", err, nil)
	if !own.Allowed {
		t.Errorf("decision: got %+v, want allowed by the role user", own)
	}
}
