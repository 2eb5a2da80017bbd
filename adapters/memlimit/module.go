package memlimit

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module lets SALLYPORT_RATE_LIMIT_URL be memory:.
var Module = fx.Module("memlimit", fx.Provide(fx.Annotate(newAdapter, fx.ResultTags(`group:"limiters"`))))

func newAdapter() application.LimiterAdapter {
	return application.LimiterAdapter{
		Scheme: "memory",
		Open: func(_ context.Context, cfg application.LimiterConfig) (application.Limiter, error) {
			return New(Config{}, cfg.Clock), nil
		},
	}
}
