package memory

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

func (s mailTokens) Insert(ctx context.Context, token domain.MailToken) error {
	return s.within(ctx, changing, func(d *data) error {
		if _, err := d.user(token.UserID); err != nil {
			return err
		}
		d.mailTokens.put(token.ID, token)
		return nil
	})
}

func (s mailTokens) MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error) {
	return read(ctx, s.within, func(d *data) (domain.MailToken, error) {
		token, ok := d.mailTokens.find(id)
		if !ok {
			return domain.MailToken{}, domain.ErrNotFound
		}
		return token, nil
	})
}

func (s mailTokens) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	return change(ctx, s.within, func(d *data) (bool, error) { return d.mailTokens.remove(id), nil })
}

func (s mailTokens) DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error {
	return s.within(ctx, changing, func(d *data) error {
		for _, id := range d.mailTokens.keys(func(_ domain.MailTokenID, t domain.MailToken) bool {
			return t.UserID == user && (purpose == "" || t.Purpose == purpose)
		}) {
			d.mailTokens.remove(id)
		}
		return nil
	})
}

func (s mailTokens) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return change(ctx, s.within, func(d *data) (int, error) {
		return d.mailTokens.sweep(limit, func(_ domain.MailTokenID, t domain.MailToken) bool { return !now.Before(t.ExpiresAt) }), nil
	})
}

func (s outbox) Append(ctx context.Context, message domain.Message) error {
	return s.within(ctx, changing, func(d *data) error {
		d.outbox.put(message.ID, message)
		return nil
	})
}

func (s outbox) Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error) {
	return read(ctx, s.within, func(d *data) ([]domain.Message, error) {
		keys := d.outbox.keys(func(_ domain.MessageID, m domain.Message) bool { return !now.Before(m.NextAttemptAt) })
		slices.SortStableFunc(keys, func(a, b domain.MessageID) int {
			return d.outbox.rows[a].NextAttemptAt.Compare(d.outbox.rows[b].NextAttemptAt)
		})
		return d.outbox.take(keys, limit), nil
	})
}

func (s outbox) Reschedule(ctx context.Context, id domain.MessageID, attempts int, next time.Time) error {
	return s.within(ctx, changing, func(d *data) error {
		message, ok := d.outbox.find(id)
		if !ok {
			return domain.ErrNotFound
		}
		message.Attempts, message.NextAttemptAt = attempts, next
		d.outbox.put(id, message)
		return nil
	})
}

func (s outbox) Delete(ctx context.Context, id domain.MessageID) error {
	return s.within(ctx, changing, func(d *data) error {
		d.outbox.remove(id)
		return nil
	})
}
