package redislimit

import (
	"context"
	_ "embed"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var (
	//go:embed state.lua
	stateSource string
	//go:embed take.lua
	takeSource string
	//go:embed attempt.lua
	attemptSource string

	takeScript    = redis.NewScript(stateSource + takeSource)
	attemptScript = redis.NewScript(stateSource + attemptSource)
)

var (
	_ application.Limiter = (*Limiter)(nil)
	_ io.Closer           = (*Limiter)(nil)
)

// Limiter counts in Redis, and in its fallback while Redis is gone. It is safe
// for concurrent use.
type Limiter struct {
	line     *line
	prefix   string
	clock    application.Clock // nil: the server's
	fallback application.Limiter
}

// New prepares a limiter. It connects when it is first used: a server that is
// down is no error. The error says that the URL is none.
func New(cfg Config, fallback application.Limiter) (*Limiter, error) {
	quiet()
	options, err := cfg.options()
	if err != nil {
		return nil, err
	}
	return &Limiter{line: newLine(options, cfg.prefix(), cfg.Changed), prefix: cfg.prefix(), clock: cfg.Clock, fallback: fallback}, nil
}

// Close ends the connections. Later calls ask the fallback.
func (l *Limiter) Close() error { return l.line.close() }

// now is the first argument of each script: 0 leaves the time to the server.
func (l *Limiter) now() int64 {
	if l.clock == nil {
		return 0
	}
	return l.clock.Now().UnixMicro()
}

// Take takes from all budgets or from none.
func (l *Limiter) Take(ctx context.Context, budgets ...application.Budget) (domain.LimitStatus, error) {
	if len(budgets) == 0 {
		return domain.LimitStatus{}, nil
	}
	keys, args := make([]string, len(budgets)), append(make([]any, 0, 1+4*len(budgets)), l.now())
	for i, b := range budgets {
		keys[i] = l.prefix + b.Key
		args = append(args, b.Limit.Count, b.Limit.Window.Microseconds(), b.Limit.Burst)
	}
	answer, ok, err := l.line.run(ctx, takeScript, keys, args)
	switch {
	case err != nil:
		return domain.LimitStatus{}, err
	case !ok:
		return l.fallback.Take(ctx, budgets...)
	case answer[0] == -1:
		return domain.LimitStatus{}, budgets[answer[1]-1].Limit.Exceeded(duration(answer[2]))
	}
	var tightest domain.LimitStatus
	for i, b := range budgets {
		if left := int(answer[2*i]); i == 0 || left < tightest.Remaining {
			tightest = b.Limit.Status(left, duration(answer[2*i+1]))
		}
	}
	return tightest, nil
}

func duration(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }
