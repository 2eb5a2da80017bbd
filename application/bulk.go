package application

import (
	"context"
	"errors"

	"github.com/sallyport-auth/sallyport/domain"
)

// BulkUsers is many accounts at once. A UserStore that is one too is asked;
// for any other, Bulk goes one by one: slower, and just as right.
type BulkUsers interface {
	// Import adds the accounts whose address nobody has, in their order and all
	// or none of them, and returns how many. Of several with one address the
	// first is added; what was there already stays as it is. An account whose
	// Password is zero has none. Nobody is told: there is nothing yet that
	// anybody could remember.
	Import(ctx context.Context, accounts []domain.Account) (added int, err error)
	// Taken returns how many of the addresses, each given once, somebody has.
	Taken(ctx context.Context, addresses []domain.Email) (int, error)
	// Accounts returns users with their passwords by ascending ID, after page.After.
	Accounts(ctx context.Context, page Page[domain.UserID]) ([]domain.Account, error)
	// Settle is called when many have been imported: a database may look at
	// what it holds now, to plan well.
	Settle(ctx context.Context) error
}

// Bulk returns how tx takes and gives many accounts at once. Import of the
// result is for a transaction.
func Bulk(tx Tx) BulkUsers {
	if bulk, ok := tx.Users().(BulkUsers); ok {
		return bulk
	}
	return OneByOne{tx}
}

// OneByOne is BulkUsers over the ports that every storage has.
type OneByOne struct{ Tx Tx }

var _ BulkUsers = OneByOne{}

// Import reads before it writes: in a transaction a refused change is the end
// of it. domain.ErrEmailTaken when a rival was faster.
func (o OneByOne) Import(ctx context.Context, accounts []domain.Account) (added int, err error) {
	for _, account := range accounts {
		taken, err := o.taken(ctx, account.User.Email)
		if err != nil {
			return 0, err
		}
		if taken {
			continue
		}
		if err := insertWithPassword(ctx, o.Tx, account.User, account.Password); err != nil {
			return 0, err
		}
		added++
	}
	return added, nil
}

// Taken asks for each.
func (o OneByOne) Taken(ctx context.Context, addresses []domain.Email) (count int, err error) {
	for _, address := range addresses {
		taken, err := o.taken(ctx, address)
		if err != nil {
			return 0, err
		}
		if taken {
			count++
		}
	}
	return count, nil
}

func (o OneByOne) taken(ctx context.Context, address domain.Email) (bool, error) {
	_, err := o.Tx.Users().UserByEmail(ctx, address)
	if errors.Is(err, domain.ErrUserNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Accounts reads a page of users, and each one's password; who is deleted in
// between is left out.
func (o OneByOne) Accounts(ctx context.Context, page Page[domain.UserID]) ([]domain.Account, error) {
	for {
		users, err := o.Tx.Users().List(ctx, UserFilter{}, page)
		if err != nil || len(users) == 0 {
			return nil, err
		}
		accounts := make([]domain.Account, 0, len(users))
		for _, user := range users {
			account, err := o.Tx.Credentials().Account(ctx, user.ID)
			if errors.Is(err, domain.ErrUserNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			accounts = append(accounts, account)
		}
		if len(accounts) > 0 { // nobody at all would read as the end
			return accounts, nil
		}
		page.After = users[len(users)-1].ID
	}
}

// Settle has nothing to do.
func (OneByOne) Settle(context.Context) error { return nil }
