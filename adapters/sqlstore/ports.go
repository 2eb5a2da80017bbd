package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/application"
)

// work is something to do with a database or a transaction.
type work func(ctx context.Context, db sqlx.ExtContext) error

// runner runs work: each by itself, or as part of a transaction.
type runner interface {
	Read(ctx context.Context, do work) error
	Write(ctx context.Context, changes []application.Change, do work) error
}

// ports are the stores over one runner.
type ports struct {
	run     runner
	dialect *Dialect
	q       *Queries
	called  map[string]string // what each statement is for, for errors
}

var _ application.Tx = ports{}

// Each port is the same value under another name.
type (
	users       struct{ ports }
	credentials struct{ ports }
	sessions    struct{ ports }
	roles       struct{ ports }
	apiKeys     struct{ ports }
	signingKeys struct{ ports }
	mailTokens  struct{ ports }
	outbox      struct{ ports }
	audit       struct{ ports }
	leases      struct{ ports }
	secrets     struct{ ports }
)

func (p ports) Users() application.UserStore             { return users{p} }
func (p ports) Credentials() application.CredentialStore { return credentials{p} }
func (p ports) Sessions() application.SessionStore       { return sessions{p} }
func (p ports) Roles() application.RoleStore             { return roles{p} }
func (p ports) APIKeys() application.APIKeyStore         { return apiKeys{p} }
func (p ports) SigningKeys() application.SigningKeyStore { return signingKeys{p} }
func (p ports) MailTokens() application.MailTokenStore   { return mailTokens{p} }
func (p ports) Outbox() application.OutboxStore          { return outbox{p} }
func (p ports) Audit() application.AuditStore            { return audit{p} }
func (p ports) Leases() application.LeaseStore           { return leases{p} }
func (p ports) Secrets() application.SecretStore         { return secrets{p} }

// one reads one row into row; sql.ErrNoRows when there is none.
func (p ports) one(ctx context.Context, row any, query string, args ...any) error {
	return p.run.Read(ctx, func(ctx context.Context, db sqlx.ExtContext) error {
		return p.dialect.translate(p.called[query], sqlx.GetContext(ctx, db, row, query, args...))
	})
}

// all reads rows into a slice.
func (p ports) all(ctx context.Context, rows any, query string, args ...any) error {
	return p.named(ctx, p.called[query], rows, query, args...)
}

// named is all for a statement that was put together.
func (p ports) named(ctx context.Context, name string, rows any, query string, args ...any) error {
	return p.run.Read(ctx, func(ctx context.Context, db sqlx.ExtContext) error {
		err := p.dialect.translate(name, sqlx.SelectContext(ctx, db, rows, query, args...))
		return found(err) // a malformed cursor: nothing follows it
	})
}

// exec writes, and returns how many rows it touched.
func (p ports) exec(ctx context.Context, changes []application.Change, query string, args ...any) (int64, error) {
	var touched int64
	err := p.run.Write(ctx, changes, func(ctx context.Context, db sqlx.ExtContext) error {
		result, err := db.ExecContext(ctx, query, args...)
		if err == nil {
			touched, err = result.RowsAffected()
		}
		return p.dialect.translate(p.called[query], err)
	})
	return touched, found(err) // a malformed id: no row
}

// affect is exec for a write that is missing what it needs when it touches nothing.
func (p ports) affect(ctx context.Context, missing error, changes []application.Change, query string, args ...any) error {
	touched, err := p.exec(ctx, changes, query, args...)
	if err == nil && touched == 0 {
		return missing
	}
	return err
}

// did is exec for a write that may find nothing to do.
func (p ports) did(ctx context.Context, changes []application.Change, query string, args ...any) (bool, error) {
	touched, err := p.exec(ctx, changes, query, args...)
	return touched > 0, err
}

// returning writes and reads the row that it wrote; sql.ErrNoRows when none.
func (p ports) returning(ctx context.Context, row any, query string, args ...any) error {
	return p.run.Write(ctx, nil, func(ctx context.Context, db sqlx.ExtContext) error {
		return p.dialect.translate(p.called[query], sqlx.GetContext(ctx, db, row, query, args...))
	})
}

// found takes no row for no error.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func touches(kind application.ChangeKind, id string) []application.Change {
	return []application.Change{{Kind: kind, ID: id}}
}

// The ends of all identifiers, for a list with no cursor.
const (
	beforeAll = "00000000-0000-0000-0000-000000000000"
	afterAll  = "ffffffff-ffff-ffff-ffff-ffffffffffff"
)

func cursor[ID ~string](after ID, start string) string {
	if after == "" {
		return start
	}
	return string(after)
}
