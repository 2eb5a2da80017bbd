package redislimit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// line is the way to the server, which may be cut. From the first call that
// fails on, nobody waits for the server, and a goroutine probes it; when it
// answers, everybody uses a new pool of connections, none of them from before.
type line struct {
	options *redis.Options
	probed  string // the key that a probe writes
	changed func(error)

	pool atomic.Pointer[pool]

	mu     sync.Mutex
	closed bool
	end    context.CancelFunc
	probes sync.WaitGroup
}

// pool is one pool of connections, good until the first failure.
type pool struct {
	client *redis.Client
	gone   atomic.Bool
}

func newLine(options *redis.Options, prefix string, changed func(error)) *line {
	if changed == nil {
		changed = func(error) {}
	}
	l := &line{options: options, probed: prefix + "probe", changed: changed, end: func() {}}
	l.pool.Store(l.connect())
	return l
}

func (l *line) connect() *pool {
	options := *l.options // NewClient keeps and completes it
	return &pool{client: redis.NewClient(&options)}
}

// run runs a script and reports whether the server answered. The error is the
// caller's own context's.
func (l *line) run(ctx context.Context, script *redis.Script, keys []string, args []any) (answer []int64, ok bool, err error) {
	p := l.pool.Load()
	if p.gone.Load() {
		return nil, false, nil
	}
	bounded, cancel := context.WithTimeout(ctx, l.options.ReadTimeout)
	defer cancel()
	answer, failed := script.Run(bounded, p.client, keys, args...).Int64Slice()
	switch {
	case failed == nil:
		return answer, true, nil
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	}
	l.lost(p, failed)
	return nil, false, nil
}

// lost begins to probe, once for each pool.
func (l *line) lost(p *pool, reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !p.gone.CompareAndSwap(false, true) {
		return
	}
	l.changed(reason)
	ctx, cancel := context.WithCancel(context.Background())
	l.end = cancel
	l.probes.Go(func() { l.probe(ctx, p) })
}

// probe tries to write, on connections of its own, until it succeeds.
func (l *line) probe(ctx context.Context, old *pool) {
	_ = old.client.Close()
	every := time.NewTicker(probeEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		fresh := l.connect()
		if !fresh.answers(ctx, l.probed) {
			_ = fresh.client.Close()
			continue
		}
		l.use(fresh)
		return
	}
}

// use gives everybody a new pool.
func (l *line) use(fresh *pool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = fresh.client.Close()
		return
	}
	l.pool.Store(fresh)
	l.changed(nil)
}

// answers reports whether the server takes writes: a replica that was left
// read-only, or a server without memory, is as good as none.
func (p *pool) answers(ctx context.Context, key string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return p.client.Set(ctx, key, 1, time.Second).Err() == nil
}

func (l *line) close() error {
	l.mu.Lock()
	l.closed = true
	l.end()
	l.mu.Unlock()
	l.probes.Wait()
	return l.pool.Load().client.Close()
}
