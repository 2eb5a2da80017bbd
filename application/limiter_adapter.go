package application

import "context"

// LimiterAdapter opens the limiters of one URL scheme. Adapters join the fx
// value group `group:"limiters"`; the scheme of the configured URL picks one.
type LimiterAdapter struct {
	Scheme string // such as "redis"
	// Open prepares a limiter. It need not reach a server: one that is down
	// now is not down for ever. An error means that the configuration is
	// wrong, and does not show the URL. A limiter that is also an io.Closer is
	// closed at the end.
	Open func(ctx context.Context, config LimiterConfig) (Limiter, error)
}

// LimiterConfig is what a limiter is opened with.
type LimiterConfig struct {
	URL   string // may hold a password
	Clock Clock
	// Fallback counts while a server that the limiter counts on is gone. A
	// limiter without a server has no use for it.
	Fallback Limiter
	// Changed is told once when the server is gone, with the reason, and once
	// when it is back, with nil. It may be nil.
	Changed func(error)
}
