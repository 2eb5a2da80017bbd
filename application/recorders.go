package application

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

var _ Recorder = Recorders(nil)

// Recorders tells several sinks of each event, in their order.
type Recorders []Recorder

// Record tells each.
func (rs Recorders) Record(ctx context.Context, event domain.Event) {
	for _, r := range rs {
		r.Record(ctx, event)
	}
}
