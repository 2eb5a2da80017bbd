package memory

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module adds the scheme memory to the storage adapters.
var Module = fx.Module("memory", fx.Provide(fx.Annotate(Adapter, fx.ResultTags(`group:"storage"`))))

// Adapter opens memory:, each time an empty store of its own.
func Adapter() application.StorageAdapter {
	return application.StorageAdapter{
		Scheme: "memory",
		Open: func(context.Context, application.StorageConfig) (application.Storage, error) {
			return New(), nil
		},
	}
}
