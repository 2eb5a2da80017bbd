package conformance

import (
	"context"
	"fmt"
	"testing"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// bulkCases are proved of what a storage brings for many accounts at once, if
// it brings it, and of what stands in for it.
var bulkCases = append(
	bulkCasesOf("", application.Bulk),
	bulkCasesOf(", one by one", func(tx application.Tx) application.BulkUsers { return application.OneByOne{Tx: tx} })...,
)

func newAccount(edits ...func(*domain.User)) domain.Account {
	user := newUser(edits...)
	return domain.Account{User: user, Password: newPassword(user.ID, "$2b$12$"+string(user.ID))}
}

func bulkCasesOf(how string, bulk func(application.Tx) application.BulkUsers) []Case {
	bring := func(t testing.TB, s application.Storage, accounts ...domain.Account) (added int, err error) {
		t.Helper()
		err = s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
			added, err = bulk(tx).Import(ctx, accounts)
			return err
		})
		return added, err
	}
	all := func(t testing.TB, s application.Storage) ([]domain.Account, error) {
		return bulk(s).Accounts(t.Context(), page[domain.UserID](999))
	}
	return []Case{
		{"many accounts go in whole" + how, func(t testing.TB, s application.Storage) {
			var accounts []domain.Account
			for i := range 120 {
				accounts = append(accounts, newAccount(func(u *domain.User) {
					u.Name = fmt.Sprintf("a\tb\\n%d \"ß\" \\N", i)
				}))
			}
			accounts[0].User.Roles, accounts[0].User.Status = []domain.RoleName{"a", "b"}, domain.StatusDisabled
			accounts[1].User.EmailVerifiedAt = noon
			accounts[2].Password = domain.Credential{} // invited
			accounts[3].User.Roles, accounts[3].User.Name = nil, ""
			added, err := bring(t, s, accounts...)
			count(t, "added", added, err, len(accounts))
			got, err := all(t, s)
			same(t, "Accounts", got, err, accounts)
			one, err := s.Credentials().AccountByEmail(t.Context(), accounts[119].User.Email)
			same(t, "AccountByEmail", one, err, accounts[119])
			holders, err := s.Users().List(t.Context(), application.UserFilter{Role: "b"}, page[domain.UserID](9))
			same(t, "List of a role", holders, err, []domain.User{accounts[0].User})
			succeed(t, "Settle", bulk(s).Settle(t.Context()))
		}},
		{"an import leaves who is there as they are, and takes the first of each address" + how, func(t testing.TB, s application.Storage) {
			there := insertUser(t, s, withEmail("ada@example.com"))
			password := putPassword(t, s, there.ID, "hers")
			first := newAccount(withEmail("eve@example.com"))
			second := newAccount(withEmail("eve@example.com"))
			again := newAccount(withEmail("ada@example.com"))
			added, err := bring(t, s, first, again, second)
			count(t, "added", added, err, 1)
			want := []domain.Account{{User: there, Password: password}, first}
			got, err := all(t, s)
			same(t, "Accounts", got, err, want)
			added, err = bring(t, s, again, second)
			count(t, "added the second time", added, err, 0)
			added, err = bring(t, s)
			count(t, "added of none", added, err, 0)
			got, err = all(t, s)
			same(t, "Accounts after the second time", got, err, want)
		}},
		{"an import that is rolled back leaves nothing" + how, func(t testing.TB, s application.Storage) {
			account := newAccount()
			for range 2 {
				err := s.Atomically(t.Context(), func(ctx context.Context, tx application.Tx) error {
					added, err := bulk(tx).Import(ctx, []domain.Account{account})
					count(t, "added", added, err, 1)
					return errRefused
				})
				refuse(t, "Atomically", err, errRefused)
			}
			got, err := all(t, s)
			same(t, "Accounts", got, err, nil)
		}},
		{"taken addresses are counted" + how, func(t testing.TB, s application.Storage) {
			a, b := insertUser(t, s), insertUser(t, s, disabled)
			got, err := bulk(s).Taken(t.Context(), []domain.Email{a.Email, domain.StoredEmail("free@example.com"), b.Email})
			count(t, "Taken", got, err, 2)
			got, err = bulk(s).Taken(t.Context(), nil)
			count(t, "Taken of none", got, err, 0)
		}},
		{"accounts come by id, page by page" + how, func(t testing.TB, s application.Storage) {
			a, b, c := newAccount(), newAccount(), newAccount()
			_, err := bring(t, s, c, a, b)
			require(t, "Import", err)
			next := func(after domain.UserID) ([]domain.Account, error) {
				return bulk(s).Accounts(t.Context(), application.Page[domain.UserID]{After: after, Limit: 2})
			}
			got, err := next("")
			same(t, "first page", got, err, []domain.Account{a, b})
			got, err = next(b.User.ID)
			same(t, "second page", got, err, []domain.Account{c})
			got, err = next(c.User.ID)
			same(t, "third page", got, err, nil)
		}},
		{"of two imports at once each address goes in once" + how, func(t testing.TB, s application.Storage) {
			var batch [2][]domain.Account
			for i := range 40 {
				for half := range batch {
					batch[half] = append(batch[half], newAccount(withEmail(fmt.Sprintf("u%d@example.com", i))))
				}
			}
			var added [2]int
			together(2, func(i int) {
				for range 5 { // one by one may lose to the other, and is run again
					var err error
					if added[i], err = bring(t, s, batch[i]...); err == nil {
						return
					}
				}
			})
			if added[0]+added[1] != 40 {
				t.Errorf("added: got %v, want 40 together", added)
			}
			got, err := all(t, s)
			if err != nil || len(got) != 40 {
				t.Errorf("Accounts: got %d, %v, want 40", len(got), err)
			}
			for _, account := range got {
				if account.Password.ID == "" || account.Password.UserID != account.User.ID {
					t.Errorf("account %s: got password %v, want its own", account.User.Email, account.Password)
				}
			}
		}},
	}
}
