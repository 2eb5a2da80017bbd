package hashqueue

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides application.HashingQueue. It needs a Config.
var Module = fx.Module("hashqueue", fx.Provide(newInGraph))

func newInGraph(config Config, lifecycle fx.Lifecycle) application.HashingQueue {
	q := New(config)
	lifecycle.Append(fx.Hook{OnStop: func(context.Context) error {
		q.Close()
		return nil
	}})
	return q
}
