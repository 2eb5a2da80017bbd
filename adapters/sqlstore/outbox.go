package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

type messageRow struct {
	ID            string  `db:"id"`
	Recipient     string  `db:"recipient"`
	Template      string  `db:"template"`
	Sealed        []byte  `db:"sealed"`
	CreatedAt     instant `db:"created_at"`
	NextAttemptAt instant `db:"next_attempt_at"`
	Attempts      int     `db:"attempts"`
}

func (r *messageRow) message() domain.Message {
	return domain.Message{
		ID: domain.MessageID(r.ID), To: domain.StoredEmail(r.Recipient), Template: r.Template, Sealed: r.Sealed,
		CreatedAt: r.CreatedAt.Time, NextAttemptAt: r.NextAttemptAt.Time, Attempts: r.Attempts,
	}
}

func (s outbox) Append(ctx context.Context, m domain.Message) error {
	_, err := s.exec(ctx, nil, s.q.Outbox.Append, string(m.ID), m.To.String(), m.Template, m.Sealed,
		at(m.CreatedAt), at(m.NextAttemptAt), m.Attempts)
	return err
}

func (s outbox) Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error) {
	var rows []messageRow
	if err := s.all(ctx, &rows, s.q.Outbox.Due, at(now), limit); err != nil {
		return nil, err
	}
	return each(rows, (*messageRow).message), nil
}

func (s outbox) Reschedule(ctx context.Context, id domain.MessageID, attempts int, next time.Time) error {
	return s.affect(ctx, domain.ErrNotFound, nil, s.q.Outbox.Reschedule, string(id), attempts, at(next))
}

func (s outbox) Delete(ctx context.Context, id domain.MessageID) error {
	_, err := s.exec(ctx, nil, s.q.Outbox.Delete, string(id))
	return err
}
