package application_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-auth/sallyport/adapters/memory"
	"github.com/sallyport-auth/sallyport/application"
)

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now().UTC() }

func jobsOf(t *testing.T, store application.Store, holder string) application.Jobs {
	return application.Jobs{Store: store, Clock: wallClock{}, Holder: holder, Failed: func(job string, err error) {
		t.Errorf("%s on %s: %v", job, holder, err)
	}}
}

func TestAReplicaThatDiedLosesItsJobWithinTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		now := time.Now()
		if mine, err := store.Leases().Acquire(t.Context(), "mail", "dead", now, now.Add(10*time.Second)); err != nil || !mine {
			t.Fatalf("lease: %t, %v", mine, err)
		}
		var runs atomic.Int32
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			jobsOf(t, store, "alive").Run(ctx, application.Job{
				Name: "mail", Every: 2 * time.Second, Lease: 10 * time.Second,
				Run: func(context.Context) error { runs.Add(1); return nil },
			})
		}()
		time.Sleep(9 * time.Second)
		if got := runs.Load(); got != 0 {
			t.Errorf("within the lease: got %d runs, want none", got)
		}
		time.Sleep(2 * time.Second)
		if got := runs.Load(); got != 1 {
			t.Errorf("after the lease: got %d runs, want 1", got)
		}
		stop()
		<-done
	})
}

func TestALongRunKeepsItsLeaseAndOneThatLosesItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		ended := make(chan struct{})
		var once sync.Once
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			jobsOf(t, store, "long").Run(ctx, application.Job{
				Name: "mail", Every: time.Second, Lease: 9 * time.Second,
				Run: func(ctx context.Context) error {
					<-ctx.Done()
					once.Do(func() { close(ended) })
					return nil
				},
			})
		}()
		time.Sleep(time.Hour)
		now := time.Now()
		if mine, err := store.Leases().Acquire(t.Context(), "mail", "other", now, now.Add(time.Minute)); err != nil || mine {
			t.Errorf("an hour on: the lease went to another (%t, %v), want it kept", mine, err)
		}
		if err := store.Leases().Release(t.Context(), "mail", "long"); err != nil { // as if its clock had stood still
			t.Fatal(err)
		}
		if mine, err := store.Leases().Acquire(t.Context(), "mail", "other", now, now.Add(time.Minute)); err != nil || !mine {
			t.Fatalf("take the lease: %t, %v", mine, err)
		}
		time.Sleep(4 * time.Second)
		select {
		case <-ended:
		default:
			t.Error("the run goes on although another has its lease")
		}
		stop()
		<-done
	})
}
