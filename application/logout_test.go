package application_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/domain"
)

func TestALogoutEndsItsOwnSessionAlone(t *testing.T) {
	t.Parallel()
	for name, logout := range map[string]func(*testing.T, *world, domain.Tokens) error{
		"by refresh token": func(t *testing.T, w *world, tokens domain.Tokens) error {
			return w.logout().ByRefreshToken(t.Context(), tokens.Refresh.Reveal())
		},
		"by access token": func(t *testing.T, w *world, tokens domain.Tokens) error {
			return w.logout().ByAccessToken(t.Context(), tokens.Access.Reveal())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.user(t, ada)
			here, elsewhere := w.login(t, ada), w.login(t, ada)
			wantError(t, "log out", logout(t, w, here), nil)
			if got := w.events.last(); got.Type != domain.SessionRevoked {
				t.Errorf("event: got %s, want %s", got.Type, domain.SessionRevoked)
			}
			told := len(w.events.told)
			wantError(t, "log out again", logout(t, w, here), nil)
			if got := len(w.events.told); got != told {
				t.Errorf("events of the second logout: got %d, want none", got-told)
			}
			_, err := w.authorize().Bearer(t.Context(), here.Access.Reveal())
			wantError(t, "the access token", err, domain.ErrTokenRevoked)
			w.principal(t, elsewhere)
		})
	}
}

func TestAnOldRefreshTokenStillLogsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	first := w.login(t, ada)
	second, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
	require(t, "refresh", err)
	w.clock.wait(graceTime)
	wantError(t, "log out", w.logout().ByRefreshToken(t.Context(), first.Refresh.Reveal()), nil)
	_, err = w.authorize().Bearer(t.Context(), second.Access.Reveal())
	wantError(t, "the access token", err, domain.ErrTokenRevoked)
}

func TestWhatWasNeverOursLogsNobodyOut(t *testing.T) {
	t.Parallel()
	w, foreign := newWorld(t), newWorld(t)
	w.user(t, ada)
	foreign.user(t, ada)
	own, other := w.login(t, ada), foreign.login(t, ada)
	ctx := t.Context()
	wantError(t, "a foreign refresh token", w.logout().ByRefreshToken(ctx, other.Refresh.Reveal()), domain.ErrInvalidRefreshToken)
	wantError(t, "a foreign access token", w.logout().ByAccessToken(ctx, other.Access.Reveal()), domain.ErrInvalidToken)
	wantError(t, "an access token as a refresh token", w.logout().ByRefreshToken(ctx, own.Access.Reveal()), domain.ErrTokenType)
	wantError(t, "a refresh token as an access token", w.logout().ByAccessToken(ctx, own.Refresh.Reveal()), domain.ErrTokenType)
	w.principal(t, own)

	w.clock.wait(lives.Access)
	wantError(t, "an access token that is too old for anything else", w.logout().ByAccessToken(ctx, own.Access.Reveal()), nil)
	_, err := w.refresh().Do(ctx, own.Refresh.Reveal())
	wantError(t, "its session's refresh token", err, domain.ErrInvalidRefreshToken)

	w.clock.wait(lives.Idle * 2)
	wantError(t, "a refresh token whose time is over", w.logout().ByRefreshToken(ctx, own.Refresh.Reveal()), nil)
}
