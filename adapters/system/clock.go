package system

import (
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

var _ application.Clock = Clock{}

// Clock is the machine's clock.
type Clock struct{}

// Now returns the time in UTC, cut to whole microseconds: what storage keeps,
// so that a time read back is the time that was written. It carries no
// monotonic reading for the same reason.
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
