package redislimit

import (
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/sallyport-auth/sallyport/application"
)

// Config says where the server is.
type Config struct {
	// URL is redis://[user:password@]host:port/database, or rediss:// for TLS.
	// Its read_timeout sets Timeout, and pool_size how many connections.
	URL string
	// Timeout is how long a call waits before it asks the fallback; 0: 50 ms.
	Timeout time.Duration
	// Prefix is before every key, so that others can use the same database;
	// empty: "sallyport:limit:".
	Prefix string
	// Clock tells the time instead of the server; nil: the server's, on which
	// replicas agree.
	Clock application.Clock
	// Changed is told once when the server is gone, with the reason, and once
	// when it is back, with nil; from one goroutine at a time. nil: nobody is.
	Changed func(error)
}

const (
	defaultTimeout = 50 * time.Millisecond
	probeEvery     = 100 * time.Millisecond
	probeTimeout   = 500 * time.Millisecond
)

// errURL does not show the URL: it may hold a password.
var errURL = errors.New("must be redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or the same with rediss:// for TLS")

// quiet keeps go-redis from writing lines of its own to standard error, for
// the whole process: what matters comes back as an error.
var quiet = sync.OnceFunc(logging.Disable)

func (c Config) options() (*redis.Options, error) {
	options, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, errURL
	}
	if c.Timeout > 0 {
		options.ReadTimeout = c.Timeout
	}
	if options.ReadTimeout <= 0 {
		options.ReadTimeout = defaultTimeout
	}
	options.WriteTimeout = options.ReadTimeout
	options.ContextTimeoutEnabled = true // the one deadline covers dialling too
	options.DialTimeout = probeTimeout
	options.DialerRetries = 1
	options.MaxRetries = -1 // a script that timed out may have run
	options.MinIdleConns = 2
	options.DisableIdentity = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}

func (c Config) prefix() string {
	if c.Prefix == "" {
		return "sallyport:limit:"
	}
	return c.Prefix
}
