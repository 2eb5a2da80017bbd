package application

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Limit is how many of something may happen in any span of a window's length.
type Limit struct {
	Name   string // of the policy, as answers name it: "login-client"
	Count  int
	Window time.Duration
	// Burst makes the limit a token bucket that Count flow into in one Window
	// and that holds no more than Burst. 0: no bucket, Count in any Window.
	Burst int
}

// The bounds of a limit that people may set.
const (
	maxLimitCount  = 1_000_000
	minLimitWindow = time.Second
	maxLimitWindow = 30 * 24 * time.Hour
)

// Errors about settings of limits. They say the rule, and never the value.
var (
	errLimitForm   = errors.New("must be COUNT/WINDOW, such as 20/1m")
	errLimitCount  = errors.New("the count before the slash must be a whole number from 1 to 1000000")
	errLimitWindow = errors.New("the window after the slash must be a duration from 1s to 720h, such as 90s, 1m or 24h")
)

// ParseLimit reads a limit as it is set: COUNT/WINDOW, such as 20/1m. The
// count is 1 to 1,000,000, the window 1s to 720h in whole milliseconds.
func ParseLimit(text string) (Limit, error) {
	count, window, ok := strings.Cut(text, "/")
	if !ok {
		return Limit{}, errLimitForm
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > maxLimitCount {
		return Limit{}, errLimitCount
	}
	d, err := time.ParseDuration(window)
	if err != nil || d < minLimitWindow || d > maxLimitWindow || d%time.Millisecond != 0 {
		return Limit{}, errLimitWindow
	}
	return Limit{Count: n, Window: d}, nil
}

// String returns the limit as it is set.
func (l Limit) String() string {
	window := l.Window.String()
	if whole, ok := strings.CutSuffix(window, "m0s"); ok {
		window = whole + "m"
	}
	if whole, ok := strings.CutSuffix(window, "h0m"); ok {
		window = whole + "h"
	}
	return strconv.Itoa(l.Count) + "/" + window
}

// times returns a limit of n times as much, for a crowd of clients.
func (l Limit) times(n int) Limit {
	l.Count *= n
	l.Burst *= n
	return l
}

// Limits is every limit that people may set, by the names of the settings:
// LoginClient is SALLYPORT_LIMIT_LOGIN_CLIENT. Names and bursts are not theirs
// to set: a Throttle fills them in.
type Limits struct {
	LoginClient     Limit // logins of a client, at most half of them at once
	LoginFailures   Limit // failures of an account and client; then waits of 1/15 of the window, doubled up to the window
	AccountFailures Limit // failures of an account in a row, from everywhere; then a wait of the window
	RefreshSession  Limit // refreshes of a session
	RefreshFailures Limit // failed refreshes of a client
	Register        Limit // registrations of a client
	ForgotAccount   Limit // mails to an account
	ForgotClient    Limit // mails that a client asks for
	Reset           Limit // mailed tokens that a client presents
	APIKeyFailures  Limit // wrong API keys of a client
}

// DefaultLimits returns the limits of a service that sets none.
func DefaultLimits() Limits {
	return Limits{
		LoginClient:     Limit{Count: 20, Window: time.Minute},
		LoginFailures:   Limit{Count: 5, Window: 15 * time.Minute},
		AccountFailures: Limit{Count: 100, Window: time.Hour},
		RefreshSession:  Limit{Count: 60, Window: time.Minute},
		RefreshFailures: Limit{Count: 150, Window: 5 * time.Minute},
		Register:        Limit{Count: 5, Window: time.Hour},
		ForgotAccount:   Limit{Count: 3, Window: time.Hour},
		ForgotClient:    Limit{Count: 10, Window: time.Hour},
		Reset:           Limit{Count: 10, Window: time.Minute},
		APIKeyFailures:  Limit{Count: 20, Window: time.Minute},
	}
}

// named returns the limits with the names and bursts that are ours to say.
func (l Limits) named() Limits {
	l.LoginClient.Name, l.LoginClient.Burst = "login-client", (l.LoginClient.Count+1)/2
	l.LoginFailures.Name = "login-failures"
	l.AccountFailures.Name = "account-failures"
	l.RefreshSession.Name = "refresh-session"
	l.RefreshFailures.Name = "refresh-failures"
	l.Register.Name = "register"
	l.ForgotAccount.Name = "forgot-account"
	l.ForgotClient.Name = "forgot-client"
	l.Reset.Name = "reset"
	l.APIKeyFailures.Name = "api-key-failures"
	return l
}

// Status returns what a client is told of the limit. Reset, until there is
// more, is in whole seconds, rounded up.
func (l Limit) Status(remaining int, reset time.Duration) domain.LimitStatus {
	return domain.LimitStatus{
		Policy: l.Name, Limit: l.Count, Window: l.Window,
		Remaining: max(0, remaining), Reset: ceilSeconds(max(0, reset)),
	}
}

// Exceeded returns the domain.ErrRateLimited of a limit that has more in wait.
func (l Limit) Exceeded(wait time.Duration) error {
	status := l.Status(0, max(wait, time.Second))
	refused := domain.ErrRateLimited.After(status.Reset)
	refused.Limit = &status
	return refused
}

func ceilSeconds(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
