package application_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestANewPasswordEndsEverySessionAndBeginsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	here, elsewhere := w.login(t, ada), w.login(t, ada)
	caller := w.principal(t, here)
	fresh, err := w.change().Do(t.Context(), *caller.User, password(oldPassword), password(newPassword))
	require(t, "change the password", err)
	if got := w.principal(t, fresh); got.Session == caller.Session {
		t.Errorf("session: got %s again, want another", got.Session)
	}
	for what, tokens := range map[string]domain.Tokens{"the session that asked": here, "another session": elsewhere} {
		_, err := w.authorize().Bearer(t.Context(), tokens.Access.Reveal())
		wantError(t, "access token of "+what, err, domain.ErrTokenRevoked)
		_, err = w.refresh().Do(t.Context(), tokens.Refresh.Reveal())
		wantError(t, "refresh token of "+what, err, domain.ErrInvalidRefreshToken)
	}
}

func TestARefusedNewPasswordChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	tokens := w.login(t, ada)
	caller := *w.principal(t, tokens).User
	for _, test := range []struct {
		name, current, chosen, field string
		verified, hashed             int
	}{
		{"a wrong current password", newPassword, newPassword, "current_password", 1, 0},
		{"a short new one", oldPassword, "short", "new_password", 0, 0},
		{"the own address", oldPassword, ada, "new_password", 0, 0},
	} {
		w.hasher.work()
		_, err := w.change().Do(t.Context(), caller, password(test.current), password(test.chosen))
		wantField(t, test.name, err, test.field)
		if verified, hashed := w.hasher.work(); verified != test.verified || hashed != test.hashed {
			t.Errorf("%s: got %d verified and %d hashed, want %d and %d", test.name, verified, hashed, test.verified, test.hashed)
		}
	}
	if got := w.principal(t, tokens).User.Version; got != caller.Version {
		t.Errorf("version: got %d, want %d as before", got, caller.Version)
	}

	require(t, "log out everywhere", w.logout().Everywhere(t.Context(), caller.ID))
	_, err := w.change().Do(t.Context(), caller, password(oldPassword), password(newPassword))
	wantError(t, "a caller whose sessions ended meanwhile", err, domain.ErrUserChanged)
	w.login(t, ada) // with the old password still
}
