package redislimit

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module lets SALLYPORT_RATE_LIMIT_URL be redis:// or rediss://.
var Module = fx.Module("redislimit", fx.Provide(
	fx.Annotate(func() application.LimiterAdapter { return adapter("redis") }, fx.ResultTags(`group:"limiters"`)),
	fx.Annotate(func() application.LimiterAdapter { return adapter("rediss") }, fx.ResultTags(`group:"limiters"`)),
))

func adapter(scheme string) application.LimiterAdapter {
	return application.LimiterAdapter{
		Scheme: scheme,
		Open: func(_ context.Context, cfg application.LimiterConfig) (application.Limiter, error) {
			// Not cfg.Clock: replicas agree on the server's time.
			return New(Config{URL: cfg.URL, Changed: cfg.Changed}, cfg.Fallback)
		},
	}
}
