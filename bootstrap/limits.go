package bootstrap

import (
	"context"
	"fmt"
	"io"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// LimitSettings is how often what may be tried, each as COUNT/WINDOW.
type LimitSettings struct {
	RateLimitURL domain.Secret `group:"Limits" default:"memory:" placeholder:"URL" help:"Where limits are counted: memory: in this process, redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] or rediss:// for all replicas together, off: nowhere (refused in production)."`

	LimitLoginClient     string `group:"Limits" default:"20/1m" placeholder:"COUNT/WINDOW" help:"Logins of one client, at most half of them at once."`
	LimitLoginFailures   string `group:"Limits" default:"5/15m" placeholder:"COUNT/WINDOW" help:"Failed logins of one client to one account. Then a wait of 1/15 of the window, doubled with each further failure up to the whole window."`
	LimitAccountFailures string `group:"Limits" default:"100/1h" placeholder:"COUNT/WINDOW" help:"Failed logins to one account in a row, from everywhere. Then a wait of the window, or until the password is reset; not for clients that logged in to it within 30 days."`
	LimitRefreshSession  string `group:"Limits" default:"60/1m" placeholder:"COUNT/WINDOW" help:"Refreshes of one session."`
	LimitRefreshFailures string `group:"Limits" default:"150/5m" placeholder:"COUNT/WINDOW" help:"Failed refreshes of one client."`
	LimitRegister        string `group:"Limits" default:"5/1h" placeholder:"COUNT/WINDOW" help:"Registrations of one client."`
	LimitForgotAccount   string `group:"Limits" default:"3/1h" placeholder:"COUNT/WINDOW" help:"Mails that people ask for to one account; past it none is sent, and nobody is told."`
	LimitForgotClient    string `group:"Limits" default:"10/1h" placeholder:"COUNT/WINDOW" help:"Mails that one client asks for."`
	LimitReset           string `group:"Limits" default:"10/1m" placeholder:"COUNT/WINDOW" help:"Mailed tokens that one client presents for a new password."`
	LimitAPIKeyFailures  string `group:"Limits" default:"20/1m" placeholder:"COUNT/WINDOW" name:"limit-api-key-failures" help:"Wrong API keys of one client."`
}

// noLimits is the scheme of a service without limits, for tests alone.
const noLimits = "off"

// limits returns the limits that are set, and the rules that their settings
// must hold.
func (s *LimitSettings) limits() (limits application.Limits, rules []rule) {
	rules = append(rules, rule{"RATE_LIMIT_URL", hasScheme(s.RateLimitURL), "must begin with a scheme, such as memory: or redis://localhost"})
	for _, set := range []struct {
		setting, text string
		limit         *application.Limit
	}{
		{"LIMIT_LOGIN_CLIENT", s.LimitLoginClient, &limits.LoginClient},
		{"LIMIT_LOGIN_FAILURES", s.LimitLoginFailures, &limits.LoginFailures},
		{"LIMIT_ACCOUNT_FAILURES", s.LimitAccountFailures, &limits.AccountFailures},
		{"LIMIT_REFRESH_SESSION", s.LimitRefreshSession, &limits.RefreshSession},
		{"LIMIT_REFRESH_FAILURES", s.LimitRefreshFailures, &limits.RefreshFailures},
		{"LIMIT_REGISTER", s.LimitRegister, &limits.Register},
		{"LIMIT_FORGOT_ACCOUNT", s.LimitForgotAccount, &limits.ForgotAccount},
		{"LIMIT_FORGOT_CLIENT", s.LimitForgotClient, &limits.ForgotClient},
		{"LIMIT_RESET", s.LimitReset, &limits.Reset},
		{"LIMIT_API_KEY_FAILURES", s.LimitAPIKeyFailures, &limits.APIKeyFailures},
	} {
		limit, err := application.ParseLimit(set.text)
		if err != nil {
			rules = append(rules, rule{set.setting, false, err.Error()})
		}
		*set.limit = limit
	}
	return limits, rules
}

// limiters is every limiter adapter that a module contributes.
type limiters struct {
	fx.In

	All []application.LimiterAdapter `group:"limiters"`
}

// pick returns the adapter of scheme.
func (l limiters) pick(scheme string) (application.LimiterAdapter, error) {
	return pick("RATE_LIMIT_URL", scheme, l.All, func(a application.LimiterAdapter) string { return a.Scheme }, noLimits)
}

// newThrottle opens the limiter that the configuration names, with one in
// memory to fall back to, and closes it at the end.
func newThrottle(ctx context.Context, cfg *Configuration, all limiters, key limiterKey, clock application.Clock, ids application.IDs, log *zap.Logger, lifecycle fx.Lifecycle) (application.Throttle, error) {
	wanted := scheme(cfg.RateLimitURL)
	if wanted == noLimits {
		return application.Throttle{}, nil
	}
	adapter, err := all.pick(wanted)
	if err != nil {
		return application.Throttle{}, err
	}
	config := application.LimiterConfig{URL: cfg.RateLimitURL.Reveal(), Clock: clock, Changed: tellLimiter(log)}
	if wanted != fallbackScheme {
		memory, err := all.pick(fallbackScheme)
		if err != nil {
			return application.Throttle{}, err
		}
		if config.Fallback, err = memory.Open(ctx, application.LimiterConfig{URL: fallbackScheme + ":", Clock: clock}); err != nil {
			return application.Throttle{}, fmt.Errorf("open the limiter to fall back to: %w", err)
		}
	}
	limiter, err := adapter.Open(ctx, config)
	if err != nil {
		return application.Throttle{}, &ConfigurationError{prefix + "RATE_LIMIT_URL", err.Error()}
	}
	if closer, ok := limiter.(io.Closer); ok {
		lifecycle.Append(fx.StopHook(closer.Close))
	}
	limits, _ := cfg.limits()
	return application.NewThrottle(limiter, limits, key.KeptKey, clock, ids), nil
}

// fallbackScheme is of the limiter that needs no server.
const fallbackScheme = "memory"

// limiterKey is the random key that limits know accounts by.
type limiterKey struct{ *application.KeptKey }

func newLimiterKey(store application.Store, sealer application.Sealer) limiterKey {
	return limiterKey{&application.KeptKey{Name: "limiter", Store: store, Sealer: sealer}}
}

// tellLimiter logs that limits are counted elsewhere than they should be.
func tellLimiter(log *zap.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Warn("the rate limit server is gone; this process counts by itself", zap.Error(err))
			return
		}
		log.Info("the rate limit server is back")
	}
}
