package memory

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
)

// intent tells reading from changing.
type intent bool

const (
	reading  intent = false
	changing intent = true
)

// within runs work on the data: alone, or inside a transaction.
type within func(ctx context.Context, do intent, work func(*data) error) error

// ports are the storage ports, over whatever gives access to the data.
type ports struct{ within }

// Each port is named after what it keeps; see application for what it promises.
type (
	users       struct{ within }
	credentials struct{ within }
	sessions    struct{ within }
	roles       struct{ within }
	apiKeys     struct{ within }
	signingKeys struct{ within }
	mailTokens  struct{ within }
	outbox      struct{ within }
	audit       struct{ within }
	leases      struct{ within }
	secrets     struct{ within }
)

// Users keeps users.
func (p ports) Users() application.UserStore { return users(p) }

// Credentials keeps password credentials.
func (p ports) Credentials() application.CredentialStore { return credentials(p) }

// Sessions keeps sessions.
func (p ports) Sessions() application.SessionStore { return sessions(p) }

// Roles keeps roles.
func (p ports) Roles() application.RoleStore { return roles(p) }

// APIKeys keeps API keys.
func (p ports) APIKeys() application.APIKeyStore { return apiKeys(p) }

// SigningKeys keeps signing keys.
func (p ports) SigningKeys() application.SigningKeyStore { return signingKeys(p) }

// MailTokens keeps mailed tokens.
func (p ports) MailTokens() application.MailTokenStore { return mailTokens(p) }

// Outbox keeps mails until they are sent.
func (p ports) Outbox() application.OutboxStore { return outbox(p) }

// Audit keeps auth events.
func (p ports) Audit() application.AuditStore { return audit(p) }

// Leases keeps leases.
func (p ports) Leases() application.LeaseStore { return leases(p) }

// Secrets keeps secrets.
func (p ports) Secrets() application.SecretStore { return secrets(p) }

// read is a method of a port that returns one thing and changes nothing.
func read[T any](ctx context.Context, in within, work func(*data) (T, error)) (T, error) {
	return run(ctx, in, reading, work)
}

// change is a method of a port that returns one thing.
func change[T any](ctx context.Context, in within, work func(*data) (T, error)) (T, error) {
	return run(ctx, in, changing, work)
}

func run[T any](ctx context.Context, in within, do intent, work func(*data) (T, error)) (result T, err error) {
	err = in(ctx, do, func(d *data) error {
		result, err = work(d)
		return err
	})
	return result, err
}
