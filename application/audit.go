package application

import (
	"context"

	"github.com/sallyport-auth/sallyport/domain"
)

// Audit is how auditors read what happened.
type Audit struct {
	Store Store
}

// List returns a page of events, the newest first.
func (uc *Audit) List(ctx context.Context, filter AuditFilter, page Page[domain.EventID]) ([]domain.Event, error) {
	return uc.Store.Audit().List(ctx, filter, page)
}
