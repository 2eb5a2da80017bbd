package domain_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sallyport-auth/sallyport/domain"
)

const (
	tick  = time.Microsecond
	grace = 10 * time.Second
)

// rotated is when the sessions here were last refreshed.
var rotated = time.Date(2026, time.March, 1, 12, 0, 0, 500_000_000, time.UTC)

// liveSession is at generation 5, one hour before it goes idle.
func liveSession() (domain.Session, domain.User) {
	user := domain.User{ID: "ada", Status: domain.StatusActive, Version: 3}
	return domain.Session{
		ID: "s", UserID: user.ID, UserVersion: user.Version, Generation: 5,
		CreatedAt: rotated.Add(-time.Hour), RotatedAt: rotated,
		IdleExpiresAt: rotated.Add(time.Hour), ExpiresAt: rotated.Add(2 * time.Hour),
	}, user
}

func TestJudgeSaysWhatAPresentedTokenIsWorth(t *testing.T) {
	t.Parallel()
	type given struct {
		session   domain.Session
		user      domain.User
		presented domain.Presented
		now       time.Time
		grace     time.Duration
	}
	at := func(d time.Duration) func(*given) { return func(g *given) { g.now = rotated.Add(d) } }
	generation := func(n int64) func(*given) { return func(g *given) { g.presented.Generation = n } }
	for _, c := range []struct {
		name   string
		edits  []func(*given)
		want   domain.Verdict
		reason string
	}{
		// Over, whatever was presented.
		{"subject differs", []func(*given){func(g *given) { g.presented.Subject = "eve" }}, domain.Over, "subject_mismatch"},
		{"user is another", []func(*given){func(g *given) { g.user.ID = "eve" }}, domain.Over, "subject_mismatch"},
		{"user is gone", []func(*given){func(g *given) { g.user = domain.User{} }}, domain.Over, "subject_mismatch"},
		{"user disabled", []func(*given){func(g *given) { g.user.Status = domain.StatusDisabled }}, domain.Over, "user_inactive"},
		{"user of no status", []func(*given){func(g *given) { g.user.Status = "" }}, domain.Over, "user_inactive"},
		{"revoked", []func(*given){func(g *given) { g.session.RevokedAt = rotated }}, domain.Over, "session_revoked"},
		{"revoked in the future", []func(*given){func(g *given) { g.session.RevokedAt = rotated.Add(time.Hour) }}, domain.Over, "session_revoked"},
		{"version rose", []func(*given){func(g *given) { g.user.Version++ }}, domain.Over, "version_changed"},
		{"version fell", []func(*given){func(g *given) { g.user.Version-- }}, domain.Over, "version_changed"},
		{"idle, to the microsecond", []func(*given){at(time.Hour)}, domain.Over, "session_expired"},
		{"over, to the microsecond", []func(*given){func(g *given) { g.session.ExpiresAt = g.now }}, domain.Over, "session_expired"},
		{"over before idle", []func(*given){func(g *given) { g.session.ExpiresAt = g.now.Add(-tick) }}, domain.Over, "session_expired"},
		{"revoked and reused", []func(*given){generation(1), func(g *given) { g.session.RevokedAt = rotated }}, domain.Over, "session_revoked"},
		{"expired and within the grace", []func(*given){generation(4), func(g *given) { g.session.IdleExpiresAt = g.now }}, domain.Over, "session_expired"},
		{"inactive wins over revoked", []func(*given){func(g *given) {
			g.user.Status, g.session.RevokedAt = domain.StatusDisabled, rotated
		}}, domain.Over, "user_inactive"},
		// Ahead.
		{"one ahead", []func(*given){generation(6)}, domain.Over, "ahead"},
		{"far ahead", []func(*given){generation(1 << 40)}, domain.Over, "ahead"},
		// Current.
		{"current", nil, domain.Current, ""},
		{"current at the very refresh", []func(*given){at(0)}, domain.Current, ""},
		{"current long after the grace", []func(*given){at(time.Hour - tick)}, domain.Current, ""},
		{"current on a clock that is behind", []func(*given){at(-time.Hour)}, domain.Current, ""},
		{"current, never refreshed", []func(*given){generation(0), func(g *given) { g.session.Generation = 0 }}, domain.Current, ""},
		{"current without a grace", []func(*given){func(g *given) { g.grace = 0 }}, domain.Current, ""},
		// Replay.
		{"the last one, at once", []func(*given){generation(4), at(0)}, domain.Replay, ""},
		{"the last one, at the end of the grace", []func(*given){generation(4), at(grace - tick)}, domain.Replay, ""},
		{"the last one, on a clock that is behind", []func(*given){generation(4), at(-time.Hour)}, domain.Replay, ""},
		{"the first one, just replaced", []func(*given){generation(0), at(0), func(g *given) { g.session.Generation = 1 }}, domain.Replay, ""},
		// Reuse.
		{"the last one, when the grace is over", []func(*given){generation(4), at(grace)}, domain.Reuse, "reuse"},
		{"the last one, without a grace", []func(*given){generation(4), at(0), func(g *given) { g.grace = 0 }}, domain.Reuse, "reuse"},
		{"the last one, without a grace, on a clock that is behind", []func(*given){generation(4), at(-tick), func(g *given) { g.grace = 0 }}, domain.Reuse, "reuse"},
		{"the last but one, at once", []func(*given){generation(3), at(0)}, domain.Reuse, "reuse"},
		{"the first", []func(*given){generation(0)}, domain.Reuse, "reuse"},
		{"one of before the first", []func(*given){generation(-1)}, domain.Reuse, "reuse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := given{now: rotated.Add(time.Second), grace: grace}
			g.session, g.user = liveSession()
			g.presented = domain.Presented{Subject: g.user.ID, Generation: g.session.Generation}
			for _, edit := range c.edits {
				edit(&g)
			}
			got, reason := g.session.Judge(g.user, g.presented, g.now, g.grace)
			if got != c.want || reason != c.reason {
				t.Errorf("Judge: got %v %q, want %v %q", got, reason, c.want, c.reason)
			}
		})
	}
}

// anySession draws a session that may be dead in any way, and its user.
func anySession(t *rapid.T) (domain.Session, domain.User) {
	session, user := liveSession()
	session.Generation = rapid.Int64Range(0, 8).Draw(t, "generation")
	session.IdleExpiresAt = rotated.Add(rapid.SampledFrom([]time.Duration{0, grace, time.Minute, time.Hour}).Draw(t, "idle"))
	session.ExpiresAt = session.IdleExpiresAt.Add(rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "absolute"))
	if rapid.IntRange(0, 3).Draw(t, "revoked") == 0 {
		session.RevokedAt = rotated
	}
	if rapid.IntRange(0, 3).Draw(t, "disabled") == 0 {
		user.Status = domain.StatusDisabled
	}
	user.Version += rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(t, "version")
	return session, user
}

func anyMoment(t *rapid.T, name string) time.Time {
	around := rapid.SampledFrom([]time.Duration{-time.Minute, 0, grace, time.Minute, time.Hour}).Draw(t, name)
	return rotated.Add(around + time.Duration(rapid.Int64Range(-2, 2).Draw(t, name+" ±µs"))*tick)
}

func TestJudgeHoldsForAnySession(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		session, user := anySession(t)
		now := anyMoment(t, "now")
		window := rapid.SampledFrom([]time.Duration{-time.Second, 0, tick, grace, time.Hour}).Draw(t, "grace")
		judge := func(generation int64, now time.Time) domain.Verdict {
			verdict, reason := session.Judge(user, domain.Presented{Subject: user.ID, Generation: generation}, now, window)
			if (reason == "") != (verdict == domain.Current || verdict == domain.Replay) {
				t.Fatalf("reason of verdict %v: got %q, want one only for a refusal", verdict, reason)
			}
			return verdict
		}
		dead := !user.Active() || session.Revoked() || user.Version != session.UserVersion || session.Expired(now)
		for g := int64(0); g <= session.Generation+2; g++ {
			verdict := judge(g, now)
			switch {
			case (verdict == domain.Over) != (dead || g > session.Generation):
				t.Fatalf("generation %d of %d, dead %t: got %v", g, session.Generation, dead, verdict)
			case verdict == domain.Current && g != session.Generation:
				t.Fatalf("generation %d of %d: got Current", g, session.Generation)
			case verdict == domain.Replay && (g != session.Generation-1 || window <= 0 || now.Sub(rotated) >= window):
				t.Fatalf("generation %d of %d, %s after the refresh, grace %s: got Replay", g, session.Generation, now.Sub(rotated), window)
			case now.Before(rotated) && verdict != judge(g, rotated) && !session.Expired(rotated):
				t.Fatalf("generation %d on a clock that is behind: got %v, want %v as at the refresh", g, verdict, judge(g, rotated))
			}
			later := judge(g, now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Hour)).Draw(t, "later"))))
			if (verdict == domain.Over && later != domain.Over) || (verdict == domain.Reuse && later != domain.Reuse && later != domain.Over) {
				t.Fatalf("generation %d: got %v later, want what was %v never to be good again", g, later, verdict)
			}
		}
	})
}

func TestNewSessionLivesForItsLifetimesToTheMicrosecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := rotated.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "µs")) * tick)
		lives := domain.Lifetimes{
			Access:   time.Duration(rapid.Int64Range(1, 1e4).Draw(t, "access")) * 100 * time.Millisecond,
			Idle:     time.Duration(rapid.Int64Range(1, 1e4).Draw(t, "idle")) * 100 * time.Millisecond,
			Absolute: time.Duration(rapid.Int64Range(1, 1e4).Draw(t, "absolute")) * 100 * time.Millisecond,
		}
		user := domain.User{ID: "ada", Status: domain.StatusActive, Version: 3}
		s := domain.NewSession("s", user, now, lives, domain.Client{Address: "192.0.2.1"})
		if got := s.ExpiresAt.Sub(now); got != lives.Absolute {
			t.Fatalf("ExpiresAt: got %s after the login, want %s", got, lives.Absolute)
		}
		if got, want := s.IdleExpiresAt.Sub(now), min(lives.Idle, lives.Absolute); got != want {
			t.Fatalf("IdleExpiresAt: got %s after the login, want %s", got, want)
		}
		if verdict, reason := s.Judge(user, domain.Presented{Subject: user.ID}, now, 0); verdict != domain.Current {
			t.Fatalf("Judge of its first token: got %v %q, want Current", verdict, reason)
		}
		end := s.AccessExpiry(now, lives.Access)
		if over := end.Sub(s.IdleExpiresAt); !whole(end) || end.After(now.Add(lives.Access)) || over >= time.Second {
			t.Fatalf("AccessExpiry: got %s, want whole seconds, not after %s nor a second after %s", end, now.Add(lives.Access), s.IdleExpiresAt)
		}
		for _, rotation := range []bool{true, false} {
			end := s.RefreshClaims(rotation).ExpiresAt
			row := s.IdleExpiresAt
			if !rotation {
				row = s.ExpiresAt
			}
			if over := end.Sub(row); !whole(end) || over < 0 || over >= time.Second {
				t.Fatalf("RefreshClaims, rotation %t: got exp %s, want %s rounded up to a second", rotation, end, row)
			}
		}
	})
}

func whole(t time.Time) bool { return t.Equal(t.Truncate(time.Second)) }

func TestASessionsStateVouchesForItsUserWhileItIsLive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(*domain.SessionState)
		want error
	}{
		{"live", func(*domain.SessionState) {}, nil},
		{"idle by a stale row", func(st *domain.SessionState) { st.Session.IdleExpiresAt = rotated.Add(-time.Hour) }, nil},
		{"disabled", func(st *domain.SessionState) { st.User.Status = domain.StatusDisabled }, domain.ErrUserInactive},
		{"disabled and revoked", func(st *domain.SessionState) {
			st.User.Status, st.Session.RevokedAt = domain.StatusDisabled, rotated
		}, domain.ErrUserInactive},
		{"revoked", func(st *domain.SessionState) { st.Session.RevokedAt = rotated }, domain.ErrInvalidToken},
		{"version moved", func(st *domain.SessionState) { st.User.Version++ }, domain.ErrInvalidToken},
		{"over, to the microsecond", func(st *domain.SessionState) { st.Session.ExpiresAt = rotated }, domain.ErrInvalidToken},
		{"about to be over", func(st *domain.SessionState) { st.Session.ExpiresAt = rotated.Add(tick) }, nil},
	} {
		st := &domain.SessionState{Permissions: domain.NewPermissions("reports:read")}
		st.Session, st.User = liveSession()
		st.User.Roles = []domain.RoleName{"reporter"}
		c.edit(st)
		got, err := st.Principal(rotated)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
		if vouched := got.Can("reports:read") && got.HasAny("reporter") && got.Subject == "ada" && got.Session == "s"; vouched != (c.want == nil) {
			t.Errorf("%s: got principal %+v", c.name, got)
		}
	}
}
