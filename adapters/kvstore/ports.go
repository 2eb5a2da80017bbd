package kvstore

import (
	"context"
	"math"

	"github.com/sallyport-auth/sallyport/application"
)

type intent bool

const (
	reading intent = false
	writing intent = true

	unlimited = math.MaxInt
)

// within does work in a transaction of its own, or in one that runs.
type within func(ctx context.Context, do intent, work func(*transaction) error) error

// ports are the storage ports; application says what each promises.
type ports struct{ within }

// Users implements application.Tx.
func (p ports) Users() application.UserStore { return users{on(p, userRows, admitUser)} }

// Credentials implements application.Tx.
func (p ports) Credentials() application.CredentialStore {
	return passwords{on(p, passwordRows, admitPassword)}
}

// Sessions implements application.Tx.
func (p ports) Sessions() application.SessionStore { return sessions{on(p, sessionRows, admitSession)} }

// Roles implements application.Tx.
func (p ports) Roles() application.RoleStore { return roles{on(p, roleRows, admitRole)} }

// APIKeys implements application.Tx.
func (p ports) APIKeys() application.APIKeyStore { return apiKeys{on(p, apiKeyRows, nil)} }

// SigningKeys implements application.Tx.
func (p ports) SigningKeys() application.SigningKeyStore {
	return signingKeys{on(p, signingKeyRows, admitSigningKey)}
}

// MailTokens implements application.Tx.
func (p ports) MailTokens() application.MailTokenStore {
	return mailTokens{on(p, mailTokenRows, admitToken)}
}

// Outbox implements application.Tx.
func (p ports) Outbox() application.OutboxStore { return outbox{on(p, messageRows, nil)} }

// Audit implements application.Tx.
func (p ports) Audit() application.AuditStore { return audit{on(p, eventRows, nil)} }

// Leases implements application.Tx.
func (p ports) Leases() application.LeaseStore { return leases{on(p, leaseRows, nil)} }

// Secrets implements application.Tx.
func (p ports) Secrets() application.SecretStore { return secrets{on(p, secretRows, nil)} }

// ask is a method of a port that returns one thing.
func ask[T any](ctx context.Context, in within, do intent, work func(*transaction) (T, error)) (answer T, err error) {
	err = in(ctx, do, func(t *transaction) error {
		answer, err = work(t)
		return err
	})
	return answer, err
}
