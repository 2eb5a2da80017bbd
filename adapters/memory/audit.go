package memory

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (s audit) Append(ctx context.Context, events ...domain.Event) error {
	return s.within(ctx, changing, func(d *data) error {
		for _, event := range events {
			if there, ok := d.events.find(event.ID); ok {
				event.Count = max(event.Count, there.Count)
			}
			d.events.put(event.ID, event)
		}
		return nil
	})
}

func (s audit) List(ctx context.Context, filter application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	return read(ctx, s.within, func(d *data) ([]domain.Event, error) {
		keys := d.events.keys(func(id domain.EventID, e domain.Event) bool {
			return (page.After == "" || id < page.After) && filter.Matches(e)
		})
		slices.Reverse(keys)
		return d.events.take(keys, page.Limit), nil
	})
}

func (s audit) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	return change(ctx, s.within, func(d *data) (int, error) {
		return d.events.sweep(limit, func(_ domain.EventID, e domain.Event) bool { return e.At.Before(before) }), nil
	})
}
