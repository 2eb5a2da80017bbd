package bootstrap

import (
	"context"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
)

// stockJobs are the jobs of every installation. A module adds its own to the
// value group "jobs".
var stockJobs = fx.Provide(
	fx.Annotate(newSweep, fx.ResultTags(`group:"jobs"`)),
)

func newSweep(c *Configuration, store application.Store, clock application.Clock) application.Job {
	sweep := &application.Sweep{Store: store, Clock: clock, Retention: c.AuditRetention}
	return application.Job{Name: "sweep", Every: 10 * time.Minute, Run: sweep.Run}
}

type jobsIn struct {
	fx.In

	Store application.Store
	Clock application.Clock
	IDs   application.IDs
	Log   *zap.Logger
	Jobs  []application.Job `group:"jobs"`
}

// runJobs runs the jobs from after the server has started until it is told to
// stop, and waits for them: what they hold is released then.
func runJobs(lifecycle fx.Lifecycle, in jobsIn) {
	jobs := application.Jobs{
		Store: in.Store, Clock: in.Clock, Holder: in.IDs.NewID(),
		Failed: func(job string, err error) { in.Log.Warn("job failed", zap.String("job", job), zap.Error(err)) },
	}
	running := &background{run: func(ctx context.Context) { jobs.Run(ctx, in.Jobs...) }}
	lifecycle.Append(fx.StartStopHook(running.start, running.stop))
}
