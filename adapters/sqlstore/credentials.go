package sqlstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// accountRow is a user with the password credential, or with NULLs in its place.
type accountRow struct {
	userRow
	CredentialID        optional `db:"credential_id"`
	Hash                optional `db:"hash"`
	CredentialCreatedAt instant  `db:"credential_created_at"`
	CredentialUpdatedAt instant  `db:"credential_updated_at"`
}

func (r *accountRow) account() domain.Account {
	account := domain.Account{User: r.user()}
	if r.CredentialID != "" {
		account.Password = domain.Credential{
			ID: domain.CredentialID(r.CredentialID), UserID: account.User.ID, Kind: domain.CredentialPassword,
			Hash:      domain.NewPasswordHash(string(r.Hash)),
			CreatedAt: r.CredentialCreatedAt.Time, UpdatedAt: r.CredentialUpdatedAt.Time,
		}
	}
	return account
}

func (s credentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	return s.account(ctx, s.q.Credentials.AccountByEmail, email.String())
}

func (s credentials) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	return s.account(ctx, s.q.Credentials.AccountByID, string(id))
}

func (s credentials) account(ctx context.Context, query, key string) (domain.Account, error) {
	var row accountRow
	if err := s.one(ctx, &row, query, key); err != nil {
		return domain.Account{}, or(domain.ErrUserNotFound, err)
	}
	return row.account(), nil
}

func (s credentials) PutPassword(ctx context.Context, c domain.Credential) error {
	return s.affect(ctx, domain.ErrUserNotFound, nil, s.q.Credentials.PutPassword, PasswordValues(c)...)
}

func (s credentials) Rehash(ctx context.Context, id domain.CredentialID, old, fresh domain.PasswordHash, now time.Time) (bool, error) {
	return s.did(ctx, nil, s.q.Credentials.Rehash, string(id), old.Reveal(), fresh.Reveal(), at(now))
}
