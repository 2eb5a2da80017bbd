package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestARefusedRefreshSaysWhyInTheLogAlone(t *testing.T) {
	t.Parallel()
	inactive := false
	for _, test := range []struct {
		name, reason string
		spoil        func(t *testing.T, w *world, user domain.User, claims *domain.RefreshClaims) error
	}{
		{"logged out", "session_revoked", func(t *testing.T, w *world, _ domain.User, c *domain.RefreshClaims) error {
			_, err := w.store.Sessions().Revoke(t.Context(), c.Session, w.clock.Now())
			return err
		}},
		{"all sessions ended", "version_changed", func(t *testing.T, w *world, u domain.User, _ *domain.RefreshClaims) error {
			return w.logout().Everywhere(t.Context(), u.ID)
		}},
		{"disabled", "user_inactive", func(t *testing.T, w *world, u domain.User, _ *domain.RefreshClaims) error {
			_, err := w.users().Update(t.Context(), w.operator, u.ID, application.UserChanges{Active: &inactive}, application.Precondition{})
			return err
		}},
		{"deleted", "session_unknown", func(t *testing.T, w *world, u domain.User, _ *domain.RefreshClaims) error {
			return w.users().Delete(t.Context(), w.operator, u.ID, application.Precondition{})
		}},
		{"a foreign session", "session_unknown", func(_ *testing.T, _ *world, _ domain.User, c *domain.RefreshClaims) error {
			c.Session = "019c0000-0000-7000-8000-000000000000"
			return nil
		}},
		{"another's session", "subject_mismatch", func(t *testing.T, w *world, _ domain.User, c *domain.RefreshClaims) error {
			c.Subject = w.user(t, "bob@example.com").ID
			return nil
		}},
		{"a generation of the future", "ahead", func(_ *testing.T, _ *world, _ domain.User, c *domain.RefreshClaims) error {
			c.Generation = 7
			return nil
		}},
		{"idle for too long", "expired", func(_ *testing.T, w *world, _ domain.User, _ *domain.RefreshClaims) error {
			w.clock.wait(lives.Idle + time.Second)
			return nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			user := w.user(t, ada)
			claims, err := w.tokens.VerifyRefresh(t.Context(), w.login(t, ada).Refresh.Reveal())
			require(t, "read the refresh token", err)
			other := w.login(t, ada)
			own := claims.Session
			require(t, test.name, test.spoil(t, w, user, &claims))
			token, err := w.tokens.SignRefresh(claims)
			require(t, "sign a refresh token", err)
			before, _, _ := w.store.Sessions().Session(t.Context(), own)

			_, err = w.refresh().Do(t.Context(), token.Reveal())
			wantError(t, "refresh", err, domain.ErrInvalidRefreshToken)
			if got := w.events.last(); got.Type != domain.TokenRefused || got.Reason != test.reason {
				t.Errorf("event: got %s for %q, want %s for %q", got.Type, got.Reason, domain.TokenRefused, test.reason)
			}
			if after, _, _ := w.store.Sessions().Session(t.Context(), own); after != before {
				t.Errorf("the session: got %+v, want it as before, %+v", after, before)
			}
			if test.reason == "subject_mismatch" || test.reason == "ahead" || test.reason == "session_revoked" {
				_, err = w.refresh().Do(t.Context(), other.Refresh.Reveal())
				wantError(t, "the user's other session", err, nil)
			}
		})
	}
}

// losingAdvance does what was asked and says that it did not, as when the
// connection broke after the commit and database/sql sent the statement again.
type losingAdvance struct {
	application.Storage
	repeated bool
}

func (l *losingAdvance) Sessions() application.SessionStore {
	return losingSessions{l.Storage.Sessions(), l}
}

type losingSessions struct {
	application.SessionStore
	l *losingAdvance
}

func (s losingSessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	if s.l.repeated {
		if _, _, _, err := s.SessionStore.Advance(ctx, step); err != nil {
			return domain.Session{}, domain.User{}, false, err
		}
	}
	return s.SessionStore.Advance(ctx, step)
}

func TestARefreshThatTheDriverRepeatedSucceedsWithoutAnyGrace(t *testing.T) {
	t.Parallel()
	line := &losingAdvance{}
	w := newWorld(t, func(s application.Storage) application.Storage {
		line.Storage = s
		return line
	})
	w.grants.Grace = 0
	w.user(t, ada)
	first := w.login(t, ada)
	w.clock.wait(time.Minute)
	line.repeated = true
	second, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
	require(t, "a refresh that was sent twice", err)
	line.repeated = false

	w.clock.wait(time.Microsecond)
	_, err = w.refresh().Do(t.Context(), first.Refresh.Reveal())
	wantError(t, "the same token a moment later, without any grace", err, domain.ErrInvalidRefreshToken)
	if got := w.events.last(); got.Type != domain.TokenReuseDetected {
		t.Errorf("event: got %s, want %s", got.Type, domain.TokenReuseDetected)
	}
	_, err = w.authorize().Bearer(t.Context(), second.Access.Reveal())
	wantError(t, "the access token after the reuse", err, domain.ErrTokenRevoked)
}

func TestTheGraceEndsAtItsLastMicrosecond(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wait time.Duration
		want error
	}{
		"within":     {graceTime - time.Microsecond, nil},
		"at its end": {graceTime, domain.ErrInvalidRefreshToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.user(t, ada)
			first := w.login(t, ada)
			second, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
			require(t, "refresh", err)
			w.clock.wait(test.wait)
			again, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
			wantError(t, "refresh again", err, test.want)
			if err == nil && again.Refresh != second.Refresh {
				t.Error("refresh again: got another successor, want the same")
			}
		})
	}
}

func TestWithoutRotationOneRefreshTokenLastsForTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grants.Rotation = false
	w.user(t, ada)
	first := w.login(t, ada)
	if want := noon.Add(lives.Idle); !first.RefreshExpiresAt.Equal(want) {
		t.Errorf("refresh expiry: got %v, want that of a session which nobody refreshes, %v", first.RefreshExpiresAt, want)
	}
	for i := range 3 {
		w.clock.wait(50 * time.Minute)
		next, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
		require(t, "refresh", err)
		if next.Refresh != first.Refresh {
			t.Errorf("refresh %d: got another refresh token, want the same", i)
		}
	}
	require(t, "log out", w.logout().ByRefreshToken(t.Context(), first.Refresh.Reveal()))
	_, err := w.refresh().Do(t.Context(), first.Refresh.Reveal())
	wantError(t, "refresh after the logout", err, domain.ErrInvalidRefreshToken)

	idle := w.login(t, ada)
	w.clock.wait(lives.Idle + time.Second)
	_, err = w.refresh().Do(t.Context(), idle.Refresh.Reveal())
	wantError(t, "refresh of an idle session", err, domain.ErrInvalidRefreshToken)
}

// restlessSessions never moves, and always says that it could.
type restlessSessions struct{ application.SessionStore }

func (s restlessSessions) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, err := s.Session(ctx, step.Session)
	return session, user, false, err
}

type restless struct{ application.Storage }

func (r restless) Sessions() application.SessionStore { return restlessSessions{r.Storage.Sessions()} }

func TestASessionThatKeepsMovingAwayIsUnavailableAndNotOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(s application.Storage) application.Storage { return restless{s} })
	w.user(t, ada)
	_, err := w.refresh().Do(t.Context(), w.login(t, ada).Refresh.Reveal())
	wantError(t, "refresh", err, domain.ErrUnavailable)
	var e *domain.Error
	if errors.As(err, &e) && e.Kind == domain.KindUnauthenticated {
		t.Errorf("refresh: got %v, want nothing about the token", err)
	}
}

func TestAnAccessTokenIsNoRefreshToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, ada)
	tokens := w.login(t, ada)
	_, err := w.refresh().Do(t.Context(), tokens.Access.Reveal())
	wantError(t, "refresh with an access token", err, domain.ErrTokenType)
	_, err = w.authorize().Bearer(t.Context(), tokens.Refresh.Reveal())
	wantError(t, "a bearer with a refresh token", err, domain.ErrTokenType)
}
