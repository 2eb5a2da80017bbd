package boltstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

type (
	mailTokens struct{ within }
	outbox     struct{ within }
	audit      struct{ within }
)

func (p mailTokens) Insert(ctx context.Context, token domain.MailToken) error {
	return p.within(ctx, writing, func(t *transaction) error {
		_, err := userRows.get(t, token.UserID)
		if err == nil {
			tokenRows.put(t, token)
		}
		return err
	})
}

func (p mailTokens) MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error) {
	return find(ctx, p.within, tokenRows, id)
}

func (p mailTokens) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	return remove(ctx, p.within, tokenRows, id)
}

func (p mailTokens) DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for _, id := range tokenByUser.keys(t, string(user), string(user), unlimited) {
			if token, err := tokenRows.get(t, id); err == nil && (purpose == "" || token.Purpose == purpose) {
				tokenRows.remove(t, id)
			}
		}
		return nil
	})
}

func (p mailTokens) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return sweep(ctx, p.within, tokenRows, tokenByExpiry, now, limit)
}

func (p outbox) Append(ctx context.Context, message domain.Message) error {
	return put(ctx, p.within, messageRows, message)
}

func (p outbox) Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (due []domain.Message, err error) {
		for _, id := range messageByTime.keys(t, "", moment(now), limit) {
			message, _ := messageRows.get(t, id)
			due = append(due, message)
		}
		return due, nil
	})
}

func (p outbox) Reschedule(ctx context.Context, id domain.MessageID, attempts int, next time.Time) error {
	_, err := edit(ctx, p.within, messageRows, id, func(_ *transaction, m *domain.Message) bool {
		m.Attempts, m.NextAttemptAt = attempts, next
		return true
	})
	return err
}

func (p outbox) Delete(ctx context.Context, id domain.MessageID) error {
	_, err := remove(ctx, p.within, messageRows, id)
	return err
}

func (p audit) Append(ctx context.Context, events ...domain.Event) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for _, event := range events {
			if there, err := eventRows.get(t, event.ID); err == nil {
				event.Count = max(event.Count, there.Count)
			}
			eventRows.put(t, event)
		}
		return nil
	})
}

func (p audit) List(ctx context.Context, filter application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	return list(ctx, p.within, eventRows, page, true, func(e domain.Event) bool {
		return (filter.Subject == "" || e.Subject == filter.Subject) && (filter.Type == "" || e.Type == filter.Type) &&
			(filter.Since.IsZero() || !e.At.Before(filter.Since)) && (filter.Until.IsZero() || e.At.Before(filter.Until))
	})
}

func (p audit) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	return sweep(ctx, p.within, eventRows, eventByTime, before.Add(-time.Microsecond), limit)
}
