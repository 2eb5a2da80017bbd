package boltstore

import (
	"context"
	"math"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

type intent bool

const (
	reading intent = false
	writing intent = true
)

// within does work in a transaction of its own, or in one that runs.
type within func(ctx context.Context, do intent, work func(*transaction) error) error

// ports are the storage ports; application says what each promises.
type ports struct{ within }

func (p ports) Users() application.UserStore             { return users(p) }
func (p ports) Credentials() application.CredentialStore { return credentials(p) }
func (p ports) Sessions() application.SessionStore       { return sessions(p) }
func (p ports) Roles() application.RoleStore             { return roles(p) }
func (p ports) APIKeys() application.APIKeyStore         { return apiKeys(p) }
func (p ports) SigningKeys() application.SigningKeyStore { return signingKeys(p) }
func (p ports) MailTokens() application.MailTokenStore   { return mailTokens(p) }
func (p ports) Outbox() application.OutboxStore          { return outbox(p) }
func (p ports) Audit() application.AuditStore            { return audit(p) }
func (p ports) Leases() application.LeaseStore           { return leases(p) }
func (p ports) Secrets() application.SecretStore         { return secrets(p) }

const unlimited = math.MaxInt

func all[V any](V) bool { return true }

// ask is a method of a port that returns one thing.
func ask[T any](ctx context.Context, in within, do intent, work func(*transaction) (T, error)) (answer T, err error) {
	err = in(ctx, do, func(t *transaction) error {
		answer, err = work(t)
		return err
	})
	return answer, err
}

func find[K ~string, V any](ctx context.Context, in within, tb table[K, V], key K) (V, error) {
	return ask(ctx, in, reading, func(t *transaction) (V, error) { return tb.get(t, key) })
}

func put[K ~string, V any](ctx context.Context, in within, tb table[K, V], row V) error {
	return in(ctx, writing, func(t *transaction) error { tb.put(t, row); return nil })
}

func remove[K ~string, V any](ctx context.Context, in within, tb table[K, V], key K) (bool, error) {
	return ask(ctx, in, writing, func(t *transaction) (bool, error) { return tb.remove(t, key), nil })
}

// edit writes a row again unless change says no, and reports whether it did.
func edit[K ~string, V any](ctx context.Context, in within, tb table[K, V], key K, change func(*transaction, *V) bool) (bool, error) {
	return ask(ctx, in, writing, func(t *transaction) (bool, error) {
		row, err := tb.get(t, key)
		if err != nil || !change(t, &row) {
			return false, err
		}
		tb.put(t, row)
		return true, nil
	})
}

func list[K ~string, V any](ctx context.Context, in within, tb table[K, V], page application.Page[K], backwards bool, match func(V) bool) ([]V, error) {
	return ask(ctx, in, reading, func(t *transaction) ([]V, error) {
		return take(tb.rows(t, page.After, backwards), page.Limit, match), nil
	})
}

// sweep removes up to limit rows whose time has come.
func sweep[K ~string, V any](ctx context.Context, in within, tb table[K, V], by index[K, V], now time.Time, limit int) (int, error) {
	return ask(ctx, in, writing, func(t *transaction) (int, error) {
		keys := by.keys(t, "", moment(now), limit)
		tb.remove(t, keys...)
		return len(keys), nil
	})
}
