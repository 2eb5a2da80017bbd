package memory

import (
	"context"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

func (s credentials) AccountByEmail(ctx context.Context, email domain.Email) (domain.Account, error) {
	return read(ctx, s.within, func(d *data) (domain.Account, error) { return d.account(d.idByEmail(email)) })
}

func (s credentials) Account(ctx context.Context, id domain.UserID) (domain.Account, error) {
	return read(ctx, s.within, func(d *data) (domain.Account, error) { return d.account(id) })
}

func (s credentials) PutPassword(ctx context.Context, credential domain.Credential) error {
	return s.within(ctx, changing, func(d *data) error {
		if _, err := d.user(credential.UserID); err != nil {
			return err
		}
		d.passwords.put(credential.UserID, credential)
		return nil
	})
}

func (s credentials) Rehash(ctx context.Context, id domain.CredentialID, old, fresh domain.PasswordHash, now time.Time) (bool, error) {
	return change(ctx, s.within, func(d *data) (bool, error) {
		for user, password := range d.passwords.rows {
			if password.ID == id && password.Hash == old {
				password.Hash, password.UpdatedAt = fresh, now
				d.passwords.put(user, password)
				return true, nil
			}
		}
		return false, nil
	})
}

func (d *data) account(id domain.UserID) (domain.Account, error) {
	user, err := d.user(id)
	if err != nil {
		return domain.Account{}, err
	}
	password, _ := d.passwords.find(id)
	return domain.Account{User: user, Password: password}, nil
}
