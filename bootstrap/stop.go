package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// How a stop goes: stopTimeout for all of it, of which closeTimeout is left
// for what stops after the listeners.
const (
	stopTimeout  = 15 * time.Second
	closeTimeout = 2 * time.Second

	// proxyDelay is how long requests are still taken after /readyz says no: a
	// proxy has noticed by then, and a client that keeps connections open has
	// been asked to close them.
	proxyDelay       = 1500 * time.Millisecond
	developmentDelay = 250 * time.Millisecond

	// quiet is how long no request has begun when the last connections are
	// closed, and quietTimeout how long to wait for that.
	quiet        = 100 * time.Millisecond
	quietTimeout = 2 * time.Second
)

// stop stops in this order: not ready, wait for the proxy to notice, stop
// accepting, finish what is in flight. What it is built on stops afterwards.
func (s *server) stop(ctx context.Context) error {
	s.operations.serving.Store(false)
	s.farewell.begun.Store(true)
	s.log.Info("stopping")
	delay := developmentDelay
	if s.config.production() {
		delay = proxyDelay
	}
	pause(ctx, delay)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-closeTimeout))
		defer cancel()
	}
	_ = s.listener.Close() // http.Server closes it again, and says that it was closed
	s.farewell.wait(ctx)
	err := s.api.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("some requests did not end in time: %w", errors.Join(err, s.api.Close()))
	}
	return errors.Join(err, s.ops.Close())
}

// farewell ends connections without cutting a request off: http.Server's own
// Shutdown drops a request that it is just reading.
type farewell struct {
	begun    atomic.Bool
	requests atomic.Int64 // since then
}

// before asks each connection to close with its next answer, once the server
// is stopping.
func (f *farewell) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.begun.Load() {
			f.requests.Add(1)
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// wait returns when connections that were accepted have sent what they had to.
func (f *farewell) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, quietTimeout)
	defer cancel()
	for seen := int64(-1); seen != f.requests.Load() && ctx.Err() == nil; {
		seen = f.requests.Load()
		pause(ctx, quiet)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
