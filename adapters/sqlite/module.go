package sqlite

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module adds sqlite: to the storage adapters.
var Module = fx.Module("sqlite", fx.Provide(fx.Annotate(
	func() application.StorageAdapter { return application.StorageAdapter{Scheme: "sqlite", Open: openURL} },
	fx.ResultTags(`group:"storage"`),
)))

func openURL(ctx context.Context, config application.StorageConfig) (application.Storage, error) {
	path, err := ParseURL(config.URL)
	if err != nil {
		return nil, err
	}
	readers := DefaultReaders // more would only wait for a core
	if config.MaxConns > 0 {
		readers = min(readers, config.MaxConns)
	}
	storage, err := Open(ctx, Config{Path: path, Readers: readers})
	if err != nil {
		return nil, err
	}
	return storage, nil
}
