package kvstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type audit struct {
	shelf[domain.EventID, domain.Event]
}

func (p audit) Append(ctx context.Context, events ...domain.Event) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for _, event := range events {
			there, _ := eventRows.get(t, event.ID)
			event.Count = max(event.Count, there.Count)
			eventRows.put(t, event)
		}
		return nil
	})
}

func (p audit) List(ctx context.Context, filter application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	return p.list(ctx, page, true, filter.Matches)
}

func (p audit) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	return p.sweep(ctx, eventsByTime, before.Add(-time.Microsecond), limit)
}
