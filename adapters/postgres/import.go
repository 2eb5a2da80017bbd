package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
	"github.com/sallyport-auth/sallyport/domain"
)

// A batch is copied into a table of the transaction's own, and goes on from
// there where its addresses are free. The table is for this connection alone
// and ends with the transaction, also behind a pooler.
const (
	importTable = `CREATE TEMPORARY TABLE sallyport_import (
		position integer, user_id uuid, email text COLLATE "C", name text, status text, roles jsonb, version bigint,
		email_verified_at timestamptz, user_created_at timestamptz, user_updated_at timestamptz,
		id uuid, owner uuid, hash text, created_at timestamptz, updated_at timestamptz) ON COMMIT DROP`
	// Passwords are of those who were added: they are not looked for in users,
	// which the planner might read whole.
	importRows = `WITH added AS (
			INSERT INTO users (id, email, name, status, roles, version, email_verified_at, created_at, updated_at)
			SELECT user_id, email, name, status, roles, version, email_verified_at, user_created_at, user_updated_at
			FROM pg_temp.sallyport_import ORDER BY position ON CONFLICT (email) DO NOTHING RETURNING id
		), passwords AS (
			INSERT INTO credentials (id, user_id, kind, hash, created_at, updated_at)
			SELECT i.id, i.owner, 'password', i.hash, i.created_at, i.updated_at
			FROM pg_temp.sallyport_import i JOIN added ON added.id = i.user_id WHERE i.id IS NOT NULL ORDER BY i.position
		) SELECT count(*) FROM added`
)

const importCopy = `COPY sallyport_import (position, user_id, email, name, status, roles, version,
	email_verified_at, user_created_at, user_updated_at, id, owner, hash, created_at, updated_at) FROM STDIN`

// importAccounts is sqlstore.Dialect's Import.
func importAccounts(ctx context.Context, db sqlx.ExtContext, accounts []domain.Account) (int, error) {
	tx, ok := db.(*sqlx.Tx)
	if !ok {
		return 0, fmt.Errorf("import: %T is no transaction", db)
	}
	if _, err := tx.ExecContext(ctx, importTable); err != nil {
		return 0, err
	}
	if err := copyAccounts(ctx, tx, accounts); err != nil {
		return 0, err
	}
	var added int
	err := tx.GetContext(ctx, &added, importRows)
	return added, err
}

func copyAccounts(ctx context.Context, tx *sqlx.Tx, accounts []domain.Account) (err error) {
	in, err := tx.PrepareContext(ctx, importCopy)
	if err != nil {
		return err
	}
	defer closing(in, &err)
	var nobody [5]any // of an account without a password
	for i, account := range accounts {
		password := nobody[:]
		if account.Password.ID != "" {
			password = sqlstore.PasswordValues(account.Password)
		}
		row := append([]any{i}, sqlstore.UserValues(account.User)...)
		if _, err := in.ExecContext(ctx, append(row, password...)...); err != nil {
			return err
		}
	}
	_, err = in.ExecContext(ctx) // no values: the end of the copy, which says what went wrong
	return err
}

// closing keeps the first error.
func closing(stmt *sql.Stmt, err *error) {
	if closed := stmt.Close(); *err == nil {
		*err = closed
	}
}
