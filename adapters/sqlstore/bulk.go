package sqlstore

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var _ application.BulkUsers = users{}

// UserValues returns the values of a row of users, in the order of
// Queries.Users.Insert.
func UserValues(u domain.User) []any {
	return []any{
		string(u.ID), u.Email.String(), u.Name, string(u.Status), listed(u.Roles), u.Version,
		at(u.EmailVerifiedAt), at(u.CreatedAt), at(u.UpdatedAt),
	}
}

// PasswordValues returns the values of a row of credentials, in the order of
// Queries.Credentials.PutPassword.
func PasswordValues(c domain.Credential) []any {
	return []any{string(c.ID), string(c.UserID), c.Hash.Reveal(), at(c.CreatedAt), at(c.UpdatedAt)}
}

func (s users) Import(ctx context.Context, accounts []domain.Account) (added int, err error) {
	if alone, is := s.run.(single); is { // it takes several statements
		err = alone.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
			added, err = application.Bulk(tx).Import(ctx, accounts)
			return err
		})
		return added, err
	}
	err = s.run.Write(ctx, nil, func(ctx context.Context, db sqlx.ExtContext) error {
		added = 0
		if len(accounts) == 0 {
			return nil
		}
		added, err = s.dialect.Import(ctx, db, accounts)
		return s.dialect.translate("users: import", err)
	})
	return added, err
}

func (s users) Taken(ctx context.Context, addresses []domain.Email) (count int, err error) {
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	err = s.one(ctx, &count, s.q.Users.Taken, listed(texts))
	return count, err
}

func (s users) Accounts(ctx context.Context, page application.Page[domain.UserID]) ([]domain.Account, error) {
	var rows []accountRow
	if err := s.all(ctx, &rows, s.q.Users.Accounts, cursor(page.After, beforeAll), page.Limit); err != nil {
		return nil, err
	}
	return each(rows, (*accountRow).account), nil
}

func (s users) Settle(ctx context.Context) error {
	_, err := s.exec(ctx, nil, s.q.Users.Settle)
	return err
}
