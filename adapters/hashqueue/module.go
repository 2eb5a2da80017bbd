package hashqueue

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides *Queue and application.HashingQueue. It needs a Config.
var Module = fx.Module("hashqueue",
	fx.Provide(func(lc fx.Lifecycle, config Config) (*Queue, application.HashingQueue) {
		q := New(config)
		lc.Append(fx.StopHook(func(context.Context) error { q.Close(); return nil }))
		return q, q
	}),
)
