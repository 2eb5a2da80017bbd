package redislimit_test

import (
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sallyport-auth/sallyport/adapters/redislimit"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
	"github.com/sallyport-auth/sallyport/test/servers"
)

// patient is long enough for a machine that has other things to do.
const patient = 10 * time.Second

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, program := range servers.RedisPrograms(t) {
		t.Run(filepath.Base(program), func(t *testing.T) { conform(t, servers.RedisBy(t, program)) })
	}
}

func conform(t *testing.T, server *servers.RedisServer) {
	var n atomic.Int64
	t.Run("limits", func(t *testing.T) { // which ends before the server does
		conformance.TestLimiter(t, func(t *testing.T, clock application.Clock) application.Limiter {
			return open(t, redislimit.Config{
				URL: server.URL(), Timeout: patient, Clock: clock,
				Prefix:  strconv.FormatInt(n.Add(1), 10) + ":",
				Changed: func(err error) { t.Errorf("the server was lost: %v", err) },
			}, nil)
		})
	})
	everyKeyExpires(t, server)
}

func open(t *testing.T, cfg redislimit.Config, fallback application.Limiter) *redislimit.Limiter {
	t.Helper()
	l, err := redislimit.New(cfg, fallback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func everyKeyExpires(t *testing.T, server *servers.RedisServer) {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	n := 0
	for keys := client.Scan(t.Context(), 0, "*", 1000).Iterator(); keys.Next(t.Context()); n++ {
		if left := client.PTTL(t.Context(), keys.Val()).Val(); left <= 0 || left > 62*24*time.Hour {
			t.Errorf("%s expires in %v, want an expiry of at most its memory", keys.Val(), left)
		}
	}
	if n == 0 {
		t.Errorf("the suite left no key to look at")
	}
}
