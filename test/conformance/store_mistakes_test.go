package conformance_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// unprotected runs transactions straight on the storage.
func unprotected(f *faulty) {
	f.atomically = func(ctx context.Context, fn func(context.Context, application.Tx) error) error {
		return fn(ctx, f.Storage)
	}
}

type racyAdvance struct{ application.SessionStore }

func (r racyAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, err := r.Session(ctx, step.Session)
	if err != nil || session.Generation != step.From {
		return session, user, false, err
	}
	time.Sleep(5 * time.Millisecond) // the rivals read too
	session, user, _, err = r.SessionStore.Advance(ctx, step)
	return session, user, true, err
}

type staleAdvance struct{ application.SessionStore }

func (r staleAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := r.SessionStore.Advance(ctx, step)
	if !moved {
		session.Generation = step.From
	}
	return session, user, moved, err
}

type namelessAdvance struct{ application.SessionStore }

func (r namelessAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := r.SessionStore.Advance(ctx, step)
	user.Roles = []domain.RoleName{domain.RoleUser}
	return session, user, moved, err
}

type uncappedAdvance struct{ application.SessionStore }

func (r uncappedAdvance) Advance(ctx context.Context, step application.Advance) (domain.Session, domain.User, bool, error) {
	session, user, moved, err := r.SessionStore.Advance(ctx, step)
	session.IdleExpiresAt = step.IdleExpiresAt
	return session, user, moved, err
}

type trustingInsert struct {
	application.SessionStore
	users application.UserStore
}

func (r trustingInsert) Insert(ctx context.Context, session domain.Session) error {
	if user, err := r.users.User(ctx, session.UserID); err == nil {
		session.UserVersion = user.Version
	}
	return r.SessionStore.Insert(ctx, session)
}

type sweptRevoked struct {
	application.SessionStore
	inserted []domain.SessionID
	gone     map[domain.SessionID]bool
}

func (r *sweptRevoked) Insert(ctx context.Context, session domain.Session) error {
	r.inserted = append(r.inserted, session.ID)
	return r.SessionStore.Insert(ctx, session)
}

func (r *sweptRevoked) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	for _, id := range r.inserted {
		if session, _, err := r.SessionStore.Session(ctx, id); err == nil && session.Revoked() {
			r.gone[id] = true
		}
	}
	return r.SessionStore.Sweep(ctx, now, limit)
}

func (r *sweptRevoked) Session(ctx context.Context, id domain.SessionID) (domain.Session, domain.User, error) {
	if r.gone[id] {
		return domain.Session{}, domain.User{}, domain.ErrNotFound
	}
	return r.SessionStore.Session(ctx, id)
}

type greedySweep struct{ application.SessionStore }

func (r greedySweep) Sweep(ctx context.Context, now time.Time, _ int) (int, error) {
	return r.SessionStore.Sweep(ctx, now, 1000)
}

type deafRoles struct{ application.RoleStore }

func (r deafRoles) Put(ctx context.Context, role domain.Role) error {
	return r.RoleStore.Put(context.WithoutCancel(ctx), role)
}

type blindRehash struct {
	application.CredentialStore
	owners map[domain.CredentialID]domain.UserID
}

func (r blindRehash) PutPassword(ctx context.Context, c domain.Credential) error {
	r.owners[c.ID] = c.UserID
	return r.CredentialStore.PutPassword(ctx, c)
}

func (r blindRehash) Rehash(ctx context.Context, id domain.CredentialID, _, fresh domain.PasswordHash, now time.Time) (bool, error) {
	account, err := r.Account(ctx, r.owners[id])
	if err != nil {
		return false, ctx.Err()
	}
	return r.CredentialStore.Rehash(ctx, id, account.Password.Hash, fresh, now)
}

type sharedAddress struct{ application.UserStore }

func (r sharedAddress) Insert(ctx context.Context, user domain.User) error {
	if err := r.UserStore.Insert(ctx, user); !errors.Is(err, domain.ErrEmailTaken) {
		return err
	}
	return nil
}

type softDelete struct{ application.UserStore }

func (r softDelete) Delete(ctx context.Context, id domain.UserID) error {
	user, err := r.User(ctx, id)
	if err != nil {
		return err
	}
	user.Status = domain.StatusDisabled
	return r.Update(ctx, user)
}

type patternList struct{ application.UserStore }

func (r patternList) List(ctx context.Context, filter application.UserFilter, page application.Page[domain.UserID]) ([]domain.User, error) {
	if before, _, ok := strings.Cut(filter.EmailPrefix, "_"); ok {
		filter.EmailPrefix = before
	}
	return r.UserStore.List(ctx, filter, page)
}

type anyAdmin struct{ application.UserStore }

func (r anyAdmin) AnotherActiveAdmin(ctx context.Context, id domain.UserID) (bool, error) {
	admins, err := r.List(ctx, application.UserFilter{Role: domain.RoleAdmin}, application.Page[domain.UserID]{Limit: 99})
	return slices.ContainsFunc(admins, func(u domain.User) bool { return u.ID != id }), err
}

type coarseTimes struct{ application.UserStore }

func (r coarseTimes) Insert(ctx context.Context, user domain.User) error {
	user.EmailVerifiedAt = user.EmailVerifiedAt.Truncate(time.Millisecond)
	return r.UserStore.Insert(ctx, user)
}

type rememberedState struct {
	application.StateReader
	seen map[domain.SessionID]*domain.SessionState
}

func (r *rememberedState) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	if state, ok := r.seen[id]; ok {
		return state, nil
	}
	state, err := r.StateReader.SessionState(ctx, id)
	r.seen[id] = state
	return state, err
}

type lastTouch struct{ application.APIKeyStore }

func (r lastTouch) List(ctx context.Context, page application.Page[domain.APIKeyID]) ([]domain.APIKey, error) {
	keys, err := r.APIKeyStore.List(ctx, page)
	for i := range keys {
		if !keys[i].LastUsedAt.IsZero() {
			keys[i].LastUsedAt = keys[i].CreatedAt
		}
	}
	return keys, err
}

type reusableToken struct{ application.MailTokenStore }

func (r reusableToken) Delete(ctx context.Context, id domain.MailTokenID) (bool, error) {
	_, err := r.MailTokenStore.Delete(ctx, id)
	return true, err
}

type unsortedOutbox struct{ application.OutboxStore }

func (r unsortedOutbox) Due(ctx context.Context, now time.Time, limit int) ([]domain.Message, error) {
	due, err := r.OutboxStore.Due(ctx, now, limit)
	slices.SortFunc(due, func(a, b domain.Message) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return due, err
}

type freeLease struct{ application.LeaseStore }

func (r freeLease) Acquire(ctx context.Context, name, holder string, now, until time.Time) (bool, error) {
	_, err := r.LeaseStore.Acquire(ctx, name, holder, now, until)
	return true, err
}

type lastSecret struct{ application.SecretStore }

func (r lastSecret) Ensure(ctx context.Context, name string, sealed []byte) ([]byte, error) {
	if err := r.Replace(ctx, name, sealed); err == nil {
		return sealed, nil
	}
	return r.SecretStore.Ensure(ctx, name, sealed)
}

type inclusiveAudit struct{ application.AuditStore }

func (r inclusiveAudit) List(ctx context.Context, filter application.AuditFilter, page application.Page[domain.EventID]) ([]domain.Event, error) {
	if !filter.Until.IsZero() {
		filter.Until = filter.Until.Add(time.Microsecond)
	}
	return r.AuditStore.List(ctx, filter, page)
}

// bulkOf takes memory's store for what it is.
func bulkOf(s application.UserStore) application.BulkUsers {
	return s.(application.BulkUsers) //nolint:forcetypeassert // it is
}

// overwriting gives who is there the password of the last import.
type overwriting struct {
	application.UserStore
	application.BulkUsers
}

func (o overwriting) Accounts(ctx context.Context, page application.Page[domain.UserID]) ([]domain.Account, error) {
	accounts, err := o.BulkUsers.Accounts(ctx, page)
	for i := range accounts {
		accounts[i].Password = accounts[len(accounts)-1].Password
	}
	return accounts, err
}

type countingAll struct {
	application.UserStore
	application.BulkUsers
}

func (c countingAll) Import(ctx context.Context, accounts []domain.Account) (int, error) {
	_, err := c.BulkUsers.Import(ctx, accounts)
	return len(accounts), err
}
