package boltstore

import (
	"context"
	"strings"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/kvstore"
	"github.com/sallyport-auth/sallyport/application"
)

// Module adds the scheme bolt to the storage adapters.
var Module = fx.Module("boltstore", fx.Provide(fx.Annotate(Adapter, fx.ResultTags(`group:"storage"`))))

// Adapter opens bolt:PATH.
func Adapter() application.StorageAdapter {
	return application.StorageAdapter{
		Scheme: "bolt",
		Open: func(_ context.Context, config application.StorageConfig) (application.Storage, error) {
			engine, err := Open(strings.TrimPrefix(config.URL, "bolt:"))
			if err != nil {
				return nil, err
			}
			return kvstore.NewAlone(engine), nil
		},
	}
}
