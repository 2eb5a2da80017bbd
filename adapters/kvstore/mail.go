package kvstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

type (
	mailTokens struct {
		shelf[domain.MailTokenID, domain.MailToken]
	}
	outbox struct {
		shelf[domain.MessageID, domain.Message]
	}
)

func admitToken(t *transaction, token *domain.MailToken) error {
	_, err := userRows.get(t, token.UserID)
	return err
}

func (p mailTokens) MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error) {
	return p.find(ctx, id)
}

func (p mailTokens) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	return p.remove(ctx, id)
}

func (p mailTokens) DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error {
	return p.within(ctx, writing, func(t *transaction) error {
		for _, id := range tokensByUser.keys(t, string(user)) {
			if token, _ := mailTokenRows.get(t, id); purpose == "" || token.Purpose == purpose {
				mailTokenRows.remove(t, id)
			}
		}
		return nil
	})
}

func (p mailTokens) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return p.sweep(ctx, tokensByExpiry, now, limit)
}

func (p outbox) Append(ctx context.Context, message domain.Message) error { return p.Put(ctx, message) }

func (p outbox) Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (due []domain.Message, _ error) {
		for _, id := range messagesByTime.upTo(t, moment(now), limit) {
			message, _ := messageRows.get(t, id)
			due = append(due, message)
		}
		return due, nil
	})
}

func (p outbox) Reschedule(ctx context.Context, id domain.MessageID, attempts int, next time.Time) error {
	_, err := p.edit(ctx, id, func(_ *transaction, message *domain.Message) bool {
		message.Attempts, message.NextAttemptAt = attempts, next
		return true
	})
	return err
}

func (p outbox) Delete(ctx context.Context, id domain.MessageID) error {
	_, err := p.remove(ctx, id)
	return err
}
