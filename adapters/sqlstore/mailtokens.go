package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

type mailTokenRow struct {
	ID        string  `db:"id"`
	UserID    string  `db:"user_id"`
	Purpose   string  `db:"purpose"`
	Email     string  `db:"email"`
	Hash      string  `db:"hash"`
	CreatedAt instant `db:"created_at"`
	ExpiresAt instant `db:"expires_at"`
}

func (s mailTokens) Insert(ctx context.Context, t domain.MailToken) error {
	return s.affect(ctx, domain.ErrUserNotFound, nil, s.q.MailTokens.Insert, string(t.ID), string(t.UserID),
		string(t.Purpose), t.Email.String(), t.Hash.Reveal(), at(t.CreatedAt), at(t.ExpiresAt))
}

func (s mailTokens) MailToken(ctx context.Context, id domain.MailTokenID) (domain.MailToken, error) {
	var row mailTokenRow
	if err := s.one(ctx, &row, s.q.MailTokens.ByID, string(id)); err != nil {
		return domain.MailToken{}, or(domain.ErrNotFound, err)
	}
	return domain.MailToken{
		ID: id, UserID: domain.UserID(row.UserID), Purpose: domain.MailPurpose(row.Purpose),
		Email: domain.StoredEmail(row.Email), Hash: domain.StoredSecretHash(row.Hash),
		CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time,
	}, nil
}

func (s mailTokens) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	return s.did(ctx, nil, s.q.MailTokens.Delete, string(id))
}

func (s mailTokens) DeleteOf(ctx context.Context, user domain.UserID, purpose domain.MailPurpose) error {
	_, err := s.exec(ctx, nil, s.q.MailTokens.DeleteOf, string(user), string(purpose))
	return err
}

func (s mailTokens) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	swept, err := s.exec(ctx, nil, s.q.MailTokens.Sweep, at(now), limit)
	return int(swept), err
}
