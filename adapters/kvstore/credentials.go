package kvstore

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

type passwords struct {
	shelf[domain.UserID, domain.Credential]
}

func admitPassword(t *transaction, credential *domain.Credential) error {
	_, err := userRows.get(t, credential.UserID)
	return err
}

func (p passwords) PutPassword(ctx context.Context, credential domain.Credential) error {
	return p.Put(ctx, credential)
}

func (p passwords) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.Account, error) { return account(t, owner(t, email)) })
}

func (p passwords) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	return ask(ctx, p.within, reading, func(t *transaction) (domain.Account, error) { return account(t, id) })
}

func account(t *transaction, id domain.UserID) (a domain.Account, err error) {
	if a.User, err = userRows.get(t, id); err == nil {
		a.Password, _ = passwordRows.get(t, id) // there may be none
	}
	return a, err
}

func (p passwords) Rehash(ctx context.Context, id domain.CredentialID, old, fresh domain.PasswordHash, now time.Time) (bool, error) {
	return ask(ctx, p.within, writing, func(t *transaction) (bool, error) {
		credential, _ := passwordRows.get(t, first(passwordByID.keys(t, string(id))))
		if credential.ID != id || credential.Hash != old {
			return false, nil
		}
		credential.Hash, credential.UpdatedAt = fresh, now
		passwordRows.put(t, credential)
		return true, nil
	})
}
