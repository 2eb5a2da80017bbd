package memlimit_test

import (
	"testing"

	"github.com/sallyport-auth/sallyport/adapters/memlimit"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/test/conformance"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.TestLimiter(t, func(_ *testing.T, clock application.Clock) application.Limiter {
		return memlimit.New(memlimit.Config{Entries: 64 * 128}, clock) // little room, so that noise must make some
	})
}
