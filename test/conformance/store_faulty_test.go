package conformance_test

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// faulty is a sound storage with one promise broken, outside of transactions
// and inside: each member that is set stands in front of a port.
type faulty struct {
	application.Storage
	users       func(application.UserStore) application.UserStore
	credentials func(application.CredentialStore) application.CredentialStore
	sessions    func(application.SessionStore) application.SessionStore
	roles       func(application.RoleStore) application.RoleStore
	apiKeys     func(application.APIKeyStore) application.APIKeyStore
	mailTokens  func(application.MailTokenStore) application.MailTokenStore
	outbox      func(application.OutboxStore) application.OutboxStore
	audit       func(application.AuditStore) application.AuditStore
	leases      func(application.LeaseStore) application.LeaseStore
	secrets     func(application.SecretStore) application.SecretStore
	atomically  func(ctx context.Context, fn func(context.Context, application.Tx) error) error
	state       application.StateReader // in place of the storage's own
}

func through[P any](fault func(P) P, port P) P {
	if fault == nil {
		return port
	}
	return fault(port)
}

// faultyTx is a Tx of a faulty storage.
type faultyTx struct {
	application.Tx
	f *faulty
}

func (f *faulty) tx() faultyTx { return faultyTx{f.Storage, f} }

func (x faultyTx) Users() application.UserStore       { return through(x.f.users, x.Tx.Users()) }
func (x faultyTx) Sessions() application.SessionStore { return through(x.f.sessions, x.Tx.Sessions()) }
func (x faultyTx) Roles() application.RoleStore       { return through(x.f.roles, x.Tx.Roles()) }
func (x faultyTx) APIKeys() application.APIKeyStore   { return through(x.f.apiKeys, x.Tx.APIKeys()) }
func (x faultyTx) Outbox() application.OutboxStore    { return through(x.f.outbox, x.Tx.Outbox()) }
func (x faultyTx) Audit() application.AuditStore      { return through(x.f.audit, x.Tx.Audit()) }
func (x faultyTx) Leases() application.LeaseStore     { return through(x.f.leases, x.Tx.Leases()) }
func (x faultyTx) Secrets() application.SecretStore   { return through(x.f.secrets, x.Tx.Secrets()) }

func (x faultyTx) Credentials() application.CredentialStore {
	return through(x.f.credentials, x.Tx.Credentials())
}

func (x faultyTx) MailTokens() application.MailTokenStore {
	return through(x.f.mailTokens, x.Tx.MailTokens())
}

func (f *faulty) Users() application.UserStore             { return f.tx().Users() }
func (f *faulty) Credentials() application.CredentialStore { return f.tx().Credentials() }
func (f *faulty) Sessions() application.SessionStore       { return f.tx().Sessions() }
func (f *faulty) Roles() application.RoleStore             { return f.tx().Roles() }
func (f *faulty) APIKeys() application.APIKeyStore         { return f.tx().APIKeys() }
func (f *faulty) MailTokens() application.MailTokenStore   { return f.tx().MailTokens() }
func (f *faulty) Outbox() application.OutboxStore          { return f.tx().Outbox() }
func (f *faulty) Audit() application.AuditStore            { return f.tx().Audit() }
func (f *faulty) Leases() application.LeaseStore           { return f.tx().Leases() }
func (f *faulty) Secrets() application.SecretStore         { return f.tx().Secrets() }

func (f *faulty) SessionState(ctx context.Context, id domain.SessionID) (*domain.SessionState, error) {
	if f.state != nil {
		return f.state.SessionState(ctx, id)
	}
	return f.Storage.SessionState(ctx, id)
}

func (f *faulty) Atomically(ctx context.Context, fn func(context.Context, application.Tx) error) error {
	if f.atomically != nil {
		return f.atomically(ctx, fn)
	}
	return f.Storage.Atomically(ctx, func(ctx context.Context, tx application.Tx) error {
		return fn(ctx, faultyTx{tx, f})
	})
}
