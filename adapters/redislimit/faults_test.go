package redislimit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/memlimit"
	"github.com/sallyport-auth/sallyport/adapters/redislimit"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
	"github.com/sallyport-auth/sallyport/test/servers"
)

type still struct{}

func (still) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

var three = application.Limit{Name: "three", Count: 3, Window: time.Hour}

// changes is what a limiter said of its server.
type changes chan error

// next returns the next change, which must come within a time.
func (c changes) next(t *testing.T, within time.Duration) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(within):
		t.Fatalf("no change within %v", within)
		return nil
	}
}

func (c changes) none(t *testing.T) {
	t.Helper()
	select {
	case err := <-c:
		t.Errorf("got another change: %v, want each said once", err)
	default:
	}
}

func faulty(t *testing.T, url string) (*redislimit.Limiter, changes) {
	t.Helper()
	said := make(changes, 100)
	l := open(t, redislimit.Config{URL: url, Timeout: 300 * time.Millisecond, Changed: func(err error) { said <- err }}, memlimit.New(memlimit.Config{}, still{}))
	return l, said
}

// passes returns how many of n calls pass, each within a second.
func passes(t *testing.T, l application.Limiter, n int) int {
	t.Helper()
	passed := 0
	for range n {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := l.Take(ctx, application.Budget{Key: "w{a}", Limit: three})
		cancel()
		switch {
		case err == nil:
			passed++
		case !errors.Is(err, domain.ErrRateLimited):
			t.Fatalf("Take: got %v, want an answer within a second", err)
		}
	}
	return passed
}

// Redis gone or blackholed, and back again by itself.
func TestLimitsHoldWhileTheServerIsGoneAndAfter(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		strike func(*servers.RedisServer)
		mend   func(*testing.T, *servers.RedisServer)
		after  int // of 4 calls
	}{
		"killed":  {(*servers.RedisServer).Kill9, func(t *testing.T, s *servers.RedisServer) { s.Restart(t) }, 3},
		"stalled": {(*servers.RedisServer).Stall, func(_ *testing.T, s *servers.RedisServer) { s.Resume() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servers.Redis(t)
			l, said := faulty(t, server.URL())
			if got := passes(t, l, 4); got != 3 {
				t.Fatalf("passed before: got %d, want 3", got)
			}
			said.none(t)
			fault.strike(server)
			var passed sync.WaitGroup
			for range 20 {
				passed.Go(func() { _ = l.Look(t.Context(), application.Attempt{}) })
			}
			passed.Wait()
			if err := said.next(t, time.Second); err == nil {
				t.Errorf("the loss was said without a reason")
			}
			if got := passes(t, l, 10); got != 3 {
				t.Errorf("passed by the fallback: got %d, want 3", got)
			}
			said.none(t)
			fault.mend(t, server)
			if err := said.next(t, 10*time.Second); err != nil {
				t.Fatalf("got %v, want to hear that the server is back", err)
			}
			if got := passes(t, l, 4); got != fault.after {
				t.Errorf("passed by the server that is back: got %d, want %d", got, fault.after)
			}
		})
	}
}

func TestAServerThatIsDownAtTheStartIsUsedOnceItIsUp(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	server.Kill9()
	l, said := faulty(t, server.URL())
	if got := passes(t, l, 5); got != 3 {
		t.Errorf("passed by the fallback: got %d, want 3", got)
	}
	if err := said.next(t, time.Second); err == nil {
		t.Errorf("the loss was said without a reason")
	}
	server.Restart(t)
	if err := said.next(t, 10*time.Second); err != nil {
		t.Fatalf("got %v, want to hear that the server is up", err)
	}
	if got := passes(t, l, 5); got != 3 {
		t.Errorf("passed by the server: got %d, want 3", got)
	}
}

func TestACallerThatGivesUpIsNoLostServer(t *testing.T) {
	t.Parallel()
	l := open(t, redislimit.Config{
		URL: servers.Redis(t).URL(), Timeout: patient,
		Changed: func(err error) { t.Errorf("the server was lost: %v", err) },
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Take(ctx, application.Budget{Key: "w{a}", Limit: three}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if got := passes(t, l, 5); got != 3 {
		t.Errorf("passed: got %d, want 3", got)
	}
}

func TestTheServerTellsTheTime(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t)
	config := redislimit.Config{URL: server.URL(), Timeout: patient}
	one, other := open(t, config, nil), open(t, config, nil)
	limit := application.Limit{Name: "quick", Count: 1, Window: time.Second}
	budget := application.Budget{Key: "w{a}", Limit: limit}
	if _, err := one.Take(t.Context(), budget); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Take(t.Context(), budget); !errors.Is(err, domain.ErrRateLimited) {
		t.Errorf("another replica: got %v, want %v", err, domain.ErrRateLimited)
	}
	for deadline := time.Now().Add(patient); ; time.Sleep(20 * time.Millisecond) {
		if _, err := other.Take(t.Context(), budget); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a window of one second never ended")
		}
	}
}

func TestAClosedLimiterAsksItsFallback(t *testing.T) {
	t.Parallel()
	l, said := faulty(t, servers.Redis(t).URL())
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := passes(t, l, 5); got != 3 {
		t.Errorf("passed: got %d, want 3", got)
	}
	said.none(t)
}

func TestABadURLIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "redis", "http://u:hunter2@h", "redis://u:hunter2@[::1", "redis://u:hunter2@h/db", "redis://u:hunter2@h/0?x=1"} {
		_, err := redislimit.New(redislimit.Config{URL: url}, nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%q): got %v, want an error that does not show the password", url, err)
		}
	}
}

func TestTheModuleAddsBothSchemes(t *testing.T) {
	t.Parallel()
	type limiters struct {
		fx.In
		Adapters []application.LimiterAdapter `group:"limiters"`
	}
	app := fx.New(fx.NopLogger, redislimit.Module, fx.Invoke(func(in limiters) {
		schemes := map[string]bool{}
		for _, a := range in.Adapters {
			schemes[a.Scheme] = true
			if _, err := a.Open(t.Context(), application.LimiterConfig{URL: "nonsense"}); err == nil {
				t.Errorf("%s opens nonsense", a.Scheme)
			}
		}
		if len(schemes) != 2 || !schemes["redis"] || !schemes["rediss"] {
			t.Errorf("schemes: got %v, want redis and rediss", schemes)
		}
	}))
	if err := app.Err(); err != nil {
		t.Error(err)
	}
}
