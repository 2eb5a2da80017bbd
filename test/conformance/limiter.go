package conformance

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// OpenLimiter opens a limiter that has counted nothing yet, on the given clock.
type OpenLimiter func(t *testing.T, clock application.Clock) application.Limiter

// TestLimiter proves what application.Limiter promises.
func TestLimiter(t *testing.T, open OpenLimiter) {
	tests := map[string]func(*testing.T, *limited){
		"a window allows its count and no more":                       windowCount,
		"a window moves: what has left it is free again, to the edge": windowEdges,
		"a large window never allows more than its count":             windowLarge,
		"a bucket allows its burst, then as it fills":                 bucketFills,
		"keys do not share":                                   keysApart,
		"taking is from all budgets or from none":             takeAllOrNone,
		"callers at once get the count together":              takeTogether,
		"a budget that is used up outlives noise":             windowNoise,
		"the fifth failure begins a wait":                     failuresWait,
		"waits double up to the longest, and are forgotten":   failuresBackoff,
		"old failures leave the window":                       failuresLeave,
		"failures of others do not count":                     failuresApart,
		"a success is refunded and forgets failures":          successForgets,
		"a void attempt is refunded and forgets nothing":      voidRefunds,
		"no more run than may fail, nor than four":            reservationsBound,
		"a reservation without an outcome becomes a failure":  reservationLease,
		"a wait begun outlasts a success":                     waitOutlastsSuccess,
		"parallel guesses get their five through":             parallelGuesses,
		"parallel right passwords all get through":            parallelRight,
		"failures from everywhere lock strangers out":         strangersLocked,
		"a known client has a budget of its own":              knownClient,
		"a client is known until it has been away too long":   knownExpires,
		"a failure counts where it was reserved":              failureOfOneKnownMeanwhile,
		"a success breaks the row of failures":                rowBroken,
		"after the wait for everybody the row begins anew":    rowAnew,
		"a row that is short of the limit fades":              shortRowFades,
		"a reset forgets the account's failures everywhere":   resetForgets,
		"a wait outlives noise":                               waitNoise,
		"parallel guesses from everywhere get their hundred":  parallelEverywhere,
		"an attempt that is looked at is not counted":         lookCountsNothing,
		"an account's ceiling holds for many clients at once": ceiling,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := &tokenClock{}
			clock.set(noon)
			test(t, &limited{open(t, clock), clock})
		})
	}
}

// limited is a limiter with a clock that stands still.
type limited struct {
	application.Limiter
	clock *tokenClock
}

func (l *limited) advance(d time.Duration) { l.clock.set(l.clock.Now().Add(d)) }

func limitOf(count int, window time.Duration, burst int) application.Limit {
	return application.Limit{Name: "kit", Count: count, Window: window, Burst: burst}
}

// takes takes 1 from a budget n times, and wants all of them to pass.
func (l *limited) takes(t *testing.T, n int, key string, limit application.Limit) {
	t.Helper()
	for i := range n {
		status, err := l.Take(t.Context(), application.Budget{Key: key, Limit: limit})
		if err != nil {
			t.Fatalf("take %d of %d: got %v, want none refused", i+1, n, err)
		}
		if status.Policy != limit.Name || status.Limit != limit.Count || status.Window != limit.Window {
			t.Fatalf("status: got %+v, want that of %+v", status, limit)
		}
	}
}

// spent wants the next take to be refused until wait has passed.
func (l *limited) spent(t *testing.T, key string, limit application.Limit, wait time.Duration) {
	t.Helper()
	_, err := l.Take(t.Context(), application.Budget{Key: key, Limit: limit})
	wantLimited(t, "take past the limit", err, wait)
}

// wantLimited wants a refusal, and RetryAfter to be wait unless that is 0.
func wantLimited(t *testing.T, what string, err error, wait time.Duration) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || !errors.Is(err, domain.ErrRateLimited) {
		t.Fatalf("%s: got %v, want %v", what, err, domain.ErrRateLimited)
	}
	if e.Limit == nil || e.Limit.Remaining != 0 || e.Limit.Reset != e.RetryAfter || e.Limit.Policy == "" {
		t.Errorf("%s: status: got %+v, want none remaining, reset after %v", what, e.Limit, e.RetryAfter)
	}
	if e.RetryAfter < time.Second || e.RetryAfter%time.Second != 0 || (wait != 0 && e.RetryAfter != wait) {
		t.Errorf("%s: RetryAfter: got %v, want %v in whole seconds", what, e.RetryAfter, wait)
	}
}

func windowCount(t *testing.T, l *limited) {
	limit := limitOf(5, time.Hour, 0)
	for left := 4; left >= 0; left-- {
		status, err := l.Take(t.Context(), application.Budget{Key: "w{a}", Limit: limit})
		require(t, "take", err)
		if status.Remaining != left || status.Reset != time.Hour {
			t.Errorf("got %d remaining, reset %v, want %d, 1h", status.Remaining, status.Reset, left)
		}
	}
	l.spent(t, "w{a}", limit, time.Hour)
	l.advance(30*time.Minute + time.Microsecond)
	l.spent(t, "w{a}", limit, 30*time.Minute)
}

func windowEdges(t *testing.T, l *limited) {
	limit := limitOf(3, time.Minute, 0)
	l.takes(t, 2, "w{a}", limit)
	l.advance(40 * time.Second)
	l.takes(t, 1, "w{a}", limit)
	l.advance(20*time.Second - time.Microsecond)
	l.spent(t, "w{a}", limit, time.Second)
	l.advance(time.Microsecond) // exactly one window after the first two
	l.takes(t, 2, "w{a}", limit)
	l.spent(t, "w{a}", limit, 40*time.Second)
	l.advance(40 * time.Second)
	l.takes(t, 1, "w{a}", limit)
	l.spent(t, "w{a}", limit, 20*time.Second)
}

// windowLarge counts in every span of one window, whatever a limiter does to
// save memory.
func windowLarge(t *testing.T, l *limited) {
	limit := limitOf(300, time.Minute, 0)
	var passed []time.Time
	for range 1200 {
		if _, err := l.Take(t.Context(), application.Budget{Key: "w{a}", Limit: limit}); err == nil {
			passed = append(passed, l.clock.Now())
		}
		l.advance(100 * time.Millisecond)
	}
	for i := range passed {
		n := 0
		for _, at := range passed[i:] {
			if at.Sub(passed[i]) < limit.Window {
				n++
			}
		}
		if n > limit.Count {
			t.Fatalf("in the window from %v: got %d, want at most %d", passed[i], n, limit.Count)
		}
	}
	if len(passed) < 550 { // two windows of 300, less what rounding costs
		t.Errorf("passed in two windows: got %d, want nearly 600", len(passed))
	}
}

func bucketFills(t *testing.T, l *limited) {
	limit := limitOf(20, time.Minute, 10) // one every 3 s
	l.takes(t, 10, "b{a}", limit)
	l.spent(t, "b{a}", limit, 3*time.Second)
	l.advance(3*time.Second - time.Microsecond)
	l.spent(t, "b{a}", limit, time.Second)
	l.advance(time.Microsecond)
	l.takes(t, 1, "b{a}", limit)
	l.spent(t, "b{a}", limit, 3*time.Second)
	l.advance(time.Hour)
	l.takes(t, 10, "b{a}", limit)
	l.spent(t, "b{a}", limit, 3*time.Second)
}

func keysApart(t *testing.T, l *limited) {
	limit := limitOf(1, time.Minute, 0)
	for _, key := range []string{"w{a}", "v{a}", "w{b}", "w{a}b", "", "{", "w{a}\x00", "w {a}\r\n"} {
		l.takes(t, 1, key, limit)
		l.spent(t, key, limit, time.Minute)
	}
}

func takeAllOrNone(t *testing.T, l *limited) {
	small, large := limitOf(1, time.Minute, 0), limitOf(10, time.Minute, 10)
	both := []application.Budget{{Key: "l{a}", Limit: large}, {Key: "s{a}", Limit: small}}
	status, err := l.Take(t.Context(), both...)
	require(t, "take from both", err)
	if status.Limit != 1 || status.Remaining != 0 {
		t.Errorf("status: got %+v, want that of the one with the least left", status)
	}
	for range 20 {
		_, err := l.Take(t.Context(), both...)
		wantLimited(t, "take from both again", err, time.Minute)
	}
	l.takes(t, 9, "l{a}", large)
	l.spent(t, "l{a}", large, 6*time.Second)
}

func takeTogether(t *testing.T, l *limited) {
	for key, limit := range map[string]application.Limit{"w{a}": limitOf(20, time.Minute, 0), "b{a}": limitOf(60, time.Minute, 20)} {
		var passed atomic.Int32
		together(100, func(int) {
			if _, err := l.Take(t.Context(), application.Budget{Key: key, Limit: limit}); err == nil {
				passed.Add(1)
			}
		})
		if got := passed.Load(); got != 20 {
			t.Errorf("%s: passed of 100 at once: got %d, want 20", key, got)
		}
	}
}

// noiseKeys is far more than a limiter is opened with room for, if it has bounds.
const noiseKeys = 12_000

func (l *limited) noise(t *testing.T) {
	t.Helper()
	for range noiseKeys {
		l.takes(t, 1, "w{"+tokenID()+"}", limitOf(1000, time.Hour, 0))
	}
}

func windowNoise(t *testing.T, l *limited) {
	limit := limitOf(3, time.Hour, 0)
	l.takes(t, 3, "w{a}", limit)
	l.noise(t)
	l.spent(t, "w{a}", limit, time.Hour)
}
