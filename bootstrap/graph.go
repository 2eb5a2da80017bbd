package bootstrap

import (
	"context"
	"io"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/sallyport-auth/sallyport/adapters/cli"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var firstUser = application.Page[domain.UserID]{Limit: 1}

// graph returns everything that the service can be made of. Nothing in it is
// built until something asks for it. modules are the adapters, and whatever a
// team adds or decorates.
func graph(ctx context.Context, cfg *Configuration, out io.Writer, serving bool, modules []fx.Option) fx.Option {
	loggers := newLogs(cfg, out, serving)
	return fx.Options(
		fx.WithLogger(func() fxevent.Logger { return graphLog(loggers.Main) }),
		fx.Supply(cfg, countCores(), build()),
		fx.Provide(
			func() context.Context { return ctx }, // ends when the process is told to stop
			func() logs { return loggers },
			(*Configuration).secrets,
			openStorage,
			newOperations,
		),
		adapterConfigs,
		useCases,
		stockJobs,
		fx.Options(modules...),
	)
}

// serving is the graph's part for serve.
func serving(migrate bool) fx.Option {
	return fx.Options(
		fx.Provide(
			func(in serverIn) *server { return newServer(in, migrate) },
			newChanges,
			newCertificate,
		),
		fx.Invoke(settled, func(application.Storage) {}, func(*certificate) {}), // a secret is made last
		fx.Invoke(func(ctx context.Context, lifecycle fx.Lifecycle, _ Secrets, s *server, changes *changes, used *application.LastUsed, trail *application.AuditTrail, tls *certificate) {
			feed, uses, audit := &background{run: changes.follow}, &background{run: used.Run}, &background{run: trail.Run}
			reload := &background{run: tls.follow}
			lifecycle.Append(fx.StopHook(feed.stop))
			lifecycle.Append(fx.StopHook(uses.stop))
			lifecycle.Append(fx.StopHook(audit.stop))
			lifecycle.Append(fx.StopHook(reload.stop))
			lifecycle.Append(fx.Hook{
				OnStart: func(context.Context) error { return s.start(ctx) },
				OnStop:  s.stop,
			})
			lifecycle.Append(fx.StartHook(feed.start))
			lifecycle.Append(fx.StartHook(uses.start))
			lifecycle.Append(fx.StartHook(audit.start))
			lifecycle.Append(fx.StartHook(reload.start))
		}),
		fx.Invoke(runJobs), // after the server, and before it at the end
	)
}

// settled refuses settings that only the adapters and files there are can tell
// to be wrong. It comes first: with exit code 2 nothing was made, not even a
// secret beside the database.
func settled(cfg *Configuration, databases adapters, counters limiters) error {
	if _, err := databases.pick(scheme(cfg.DatabaseURL)); err != nil {
		return err
	}
	if wanted := scheme(cfg.RateLimitURL); wanted != noLimits {
		if _, err := counters.pick(wanted); err != nil {
			return err
		}
	}
	_, err := cfg.mailTemplates()
	return err
}

// commanding is the graph's part for a command that needs use cases.
func commanding(uc *cli.UseCases) fx.Option {
	return fx.Options(
		fx.Invoke(settled, func(application.Storage) {}, func(Secrets) {}), // a secret is made last
		fx.Populate(uc),
		fx.Invoke(func(lifecycle fx.Lifecycle, storage application.Storage) {
			lifecycle.Append(fx.StartHook(func(ctx context.Context) error { return requireSchema(ctx, storage) }))
		}),
	)
}
