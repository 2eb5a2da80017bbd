package bootstrap

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// adapters is every storage adapter that a module contributes.
type adapters struct {
	fx.In

	All []application.StorageAdapter `group:"storage"`
}

// pick returns the adapter of scheme.
func (a adapters) pick(scheme string) (application.StorageAdapter, error) {
	return pick("DATABASE_URL", scheme, a.All, func(a application.StorageAdapter) string { return a.Scheme })
}

// openStorage opens the storage that the configuration names, and closes it
// when everything else has stopped.
func openStorage(ctx context.Context, cfg *Configuration, all adapters, lifecycle fx.Lifecycle) (application.Storage, error) {
	adapter, err := all.pick(scheme(cfg.DatabaseURL))
	if err != nil {
		return nil, err
	}
	storage, err := adapter.Open(ctx, application.StorageConfig{
		URL: cfg.DatabaseURL.Reveal(), DirectURL: cfg.DatabaseDirectURL.Reveal(), MaxConns: cfg.DatabaseMaxConns,
	})
	if errors.Is(err, domain.ErrUnavailable) {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err != nil {
		return nil, &ConfigurationError{prefix + "DATABASE_URL", "can't be opened: " + err.Error()}
	}
	lifecycle.Append(fx.StopHook(storage.Close))
	return storage, nil
}

// requireSchema creates the schema in an empty database, and refuses an older one:
// a command that someone runs by hand upgrades nothing by the way.
func requireSchema(ctx context.Context, storage application.Storage) error {
	status, err := storage.Schema(ctx)
	if err != nil {
		return unreachable(err)
	}
	if err := status.Usable(); err != nil {
		return err
	}
	switch {
	case status.Version == 0:
		if err := storage.Migrate(ctx); err != nil {
			return fmt.Errorf("create the schema: %w", err)
		}
	case !status.Current():
		return fmt.Errorf("the database is at version %d of %d: run `sallyport migrate up` first", status.Version, status.Latest)
	}
	return nil
}

func unreachable(err error) error {
	return fmt.Errorf("can't use the database; check that it runs, that SALLYPORT_DATABASE_URL leads to it, and what its user may: %w", err)
}
