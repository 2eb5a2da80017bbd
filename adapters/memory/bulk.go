package memory

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

var _ application.BulkUsers = users{}

func (s users) Import(ctx context.Context, accounts []domain.Account) (int, error) {
	return change(ctx, s.within, func(d *data) (added int, err error) {
		taken := d.addresses()
		for _, account := range accounts {
			if taken[account.User.Email] {
				continue
			}
			taken[account.User.Email] = true
			d.users.put(account.User.ID, account.User)
			if account.Password.ID != "" {
				d.passwords.put(account.User.ID, account.Password)
			}
			added++
		}
		return added, nil
	})
}

func (s users) Taken(ctx context.Context, addresses []domain.Email) (int, error) {
	return read(ctx, s.within, func(d *data) (count int, err error) {
		taken := d.addresses()
		for _, address := range addresses {
			if taken[address] {
				count++
			}
		}
		return count, nil
	})
}

func (s users) Accounts(ctx context.Context, page application.Page[domain.UserID]) ([]domain.Account, error) {
	return read(ctx, s.within, func(d *data) ([]domain.Account, error) {
		keys := d.users.keys(func(id domain.UserID, _ domain.User) bool { return id > page.After })
		keys = keys[:min(len(keys), max(page.Limit, 0))]
		accounts := make([]domain.Account, len(keys))
		for i, id := range keys {
			accounts[i], _ = d.account(id)
		}
		return accounts, nil
	})
}

// Settle has nothing to do.
func (s users) Settle(ctx context.Context) error { return ctx.Err() }

// addresses returns every address that somebody has.
func (d *data) addresses() map[domain.Email]bool {
	taken := make(map[domain.Email]bool, len(d.users.rows))
	for _, user := range d.users.rows {
		taken[user.Email] = true
	}
	return taken
}
