package application

import (
	"context"
	"fmt"

	"github.com/sallyport-auth/sallyport/domain"
)

// ExportPage is how many accounts an export reads at once.
const ExportPage = 1000

// Export hands all accounts out, with the hashes of their passwords, in the
// form that Import takes: nobody is locked in.
type Export struct {
	Journal Journal
}

// Do calls visit with page after page, by ascending ID. It is recorded before
// anything is read. Accounts that are made meanwhile may or may not be there;
// each is whole, and there once.
func (uc *Export) Do(ctx context.Context, caller domain.Principal, visit func([]domain.Account) error) error {
	err := uc.Journal.Change(ctx, func(_ context.Context, _ Tx, note Note) error {
		note(domain.Event{Type: domain.UserExported, Actor: caller.Subject})
		return nil
	})
	if err != nil {
		return fmt.Errorf("record the export: %w", err)
	}
	bulk := Bulk(uc.Journal.Store)
	page := Page[domain.UserID]{Limit: ExportPage}
	for {
		accounts, err := bulk.Accounts(ctx, page)
		if err != nil {
			return fmt.Errorf("read users: %w", err)
		}
		if len(accounts) == 0 {
			return nil
		}
		if err := visit(accounts); err != nil {
			return err
		}
		page.After = accounts[len(accounts)-1].User.ID
	}
}
