package application

import (
	"context"
	"sync"
	"time"
)

// Job is work in the background that one replica at a time does.
type Job struct {
	Name  string
	Every time.Duration
	// Run does what is due now. It may be cut off at any point, and another
	// replica goes on from there.
	Run func(ctx context.Context) error
	// Wake, if it is not nil, asks for a run before Every has passed.
	Wake <-chan struct{}
	// Lease is how long a replica that died keeps the job from the others: it
	// is extended while a run goes on. 0: three times Every, at least a minute.
	Lease time.Duration
}

func (job Job) lease() time.Duration {
	if job.Lease > 0 {
		return job.Lease
	}
	return max(3*job.Every, time.Minute)
}

// Jobs runs jobs, each under a lease of its own: whoever holds the lease does
// the job, and a replica that dies loses it.
type Jobs struct {
	Store  Store
	Clock  Clock
	Holder string // names this replica; unique
	// Failed is told of a run that failed; the next one comes all the same.
	Failed func(job string, err error)
}

// Run runs all jobs until ctx ends, and returns when the last has stopped.
func (j Jobs) Run(ctx context.Context, jobs ...Job) {
	var running sync.WaitGroup
	for _, job := range jobs {
		running.Go(func() { j.repeat(ctx, job) })
	}
	running.Wait()
}

func (j Jobs) repeat(ctx context.Context, job Job) {
	ticker := time.NewTicker(job.Every)
	defer ticker.Stop()
	for {
		if err := j.once(ctx, job); err != nil && ctx.Err() == nil {
			j.Failed(job.Name, err)
		}
		select {
		case <-ctx.Done():
			j.release(job)
			return
		case <-ticker.C:
		case <-job.Wake:
		}
	}
}

// once runs the job if this replica has, or gets, its lease. The run ends with
// the lease, so that no two replicas are at it.
func (j Jobs) once(ctx context.Context, job Job) error {
	mine, err := j.acquire(ctx, job)
	if err != nil || !mine {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var extending sync.WaitGroup
	extending.Go(func() { j.extend(ctx, cancel, job) })
	defer extending.Wait()
	defer cancel()
	return job.Run(ctx)
}

func (j Jobs) acquire(ctx context.Context, job Job) (bool, error) {
	now := j.Clock.Now()
	return j.Store.Leases().Acquire(ctx, job.Name, j.Holder, now, now.Add(job.lease()))
}

// extend keeps the lease until ctx ends, and ends the run when it can't.
func (j Jobs) extend(ctx context.Context, cancel context.CancelFunc, job Job) {
	expiry := time.AfterFunc(job.lease(), cancel)
	defer expiry.Stop()
	ticker := time.NewTicker(job.lease() / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		began := time.Now()
		mine, err := j.acquire(ctx, job)
		switch {
		case err != nil: // there is time to try again
		case !mine:
			cancel()
		default:
			expiry.Reset(job.lease() - time.Since(began))
		}
	}
}

// release gives the lease up at a shutdown, so that another replica need not
// wait for its end.
func (j Jobs) release(job Job) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := j.Store.Leases().Release(ctx, job.Name, j.Holder); err != nil {
		j.Failed(job.Name, err)
	}
}
