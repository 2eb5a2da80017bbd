package postgres

import (
	"context"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module adds postgres:// and postgresql:// to the storage adapters.
var Module = fx.Module("postgres", adapter("postgres"), adapter("postgresql"))

func adapter(scheme string) fx.Option {
	return fx.Provide(fx.Annotate(
		func() application.StorageAdapter { return application.StorageAdapter{Scheme: scheme, Open: open} },
		fx.ResultTags(`group:"storage"`),
	))
}

func open(ctx context.Context, config application.StorageConfig) (application.Storage, error) {
	storage, err := Open(ctx, Config{
		URL: config.URL, DirectURL: config.DirectURL, MaxConns: config.MaxConns, Unprepared: config.DirectURL != "",
	})
	if err != nil {
		return nil, err
	}
	return storage, nil
}
