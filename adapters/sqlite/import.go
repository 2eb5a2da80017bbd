package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
	"github.com/sallyport-auth/sallyport/domain"
)

// importRows is how many rows one statement of an import inserts; the rest of a
// batch goes one by one, so that there are four texts to prepare in all.
const importRows = 50

var (
	importUsers     = map[int]string{1: insertUsers(1), importRows: insertUsers(importRows)}
	importPasswords = map[int]string{1: insertPasswords(1), importRows: insertPasswords(importRows)}
)

func insertUsers(rows int) string {
	return `INSERT INTO users (id, email, name, status, roles, version, email_verified_at, created_at, updated_at)
		VALUES ` + tuples(rows, 9) + ` ON CONFLICT (email) DO NOTHING`
}

// insertPasswords adds the passwords of those users who were added.
func insertPasswords(rows int) string {
	return `WITH i (id, user_id, hash, created_at, updated_at) AS (VALUES ` + tuples(rows, 5) + `)
		INSERT INTO credentials (id, user_id, kind, hash, created_at, updated_at)
		SELECT i.id, i.user_id, 'password', i.hash, i.created_at, i.updated_at FROM i JOIN users u ON u.id = i.user_id`
}

func tuples(rows, columns int) string {
	tuple := "(" + strings.Repeat("?,", columns-1) + "?)"
	return strings.Repeat(tuple+",", rows-1) + tuple
}

// importAccounts is sqlstore.Dialect's Import.
func importAccounts(ctx context.Context, tx sqlx.ExtContext, accounts []domain.Account) (int, error) {
	users := make([][]any, len(accounts))
	var passwords [][]any
	for i, account := range accounts {
		users[i] = sqlstore.UserValues(account.User)
		if account.Password.ID != "" {
			passwords = append(passwords, sqlstore.PasswordValues(account.Password))
		}
	}
	added, err := insert(ctx, tx, importUsers, users)
	if err != nil {
		return 0, fmt.Errorf("users: %w", err)
	}
	if _, err := insert(ctx, tx, importPasswords, passwords); err != nil {
		return 0, fmt.Errorf("passwords: %w", err)
	}
	return added, nil
}

// insert runs a statement on all rows, many at a time.
func insert(ctx context.Context, tx sqlx.ExtContext, statements map[int]string, rows [][]any) (added int, err error) {
	for len(rows) > 0 {
		n := importRows
		if len(rows) < n {
			n = 1
		}
		result, err := tx.ExecContext(ctx, statements[n], slices.Concat(rows[:n]...)...)
		if err != nil {
			return 0, err
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		added, rows = added+int(changed), rows[n:]
	}
	return added, nil
}
