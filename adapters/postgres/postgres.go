package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// DefaultMaxConns is how many connections a pool has when nobody says.
const DefaultMaxConns = 20

//go:embed migrations/*.sql
var files embed.FS

// Config says which database to use, and how.
type Config struct {
	// URL is postgres://user:password@host:port/database?parameters, with
	// lib/pq's parameters: several hosts, sslmode, connect_timeout, ….
	// sslmode is prefer and connect_timeout 2 when they are absent.
	URL string
	// DirectURL is a line past PgBouncer, for migrations and the change feed;
	// empty: URL.
	DirectURL string
	// MaxConns is the size of the pool, all of it kept open; 0: DefaultMaxConns.
	// The change feed takes two more: its line, and one in the pool for beats,
	// so that a crowd which takes all others does not silence it.
	MaxConns int
	// Unprepared uses no prepared statements, as PgBouncer in transaction mode
	// needs it: parameters go in binary with the statement, in one round trip.
	Unprepared bool
}

var _ application.Storage = (*Storage)(nil)

// Storage is application.Storage in PostgreSQL.
type Storage struct {
	*sqlstore.Store
	direct     connector
	line       string // the address of the change feed
	migrations sqlstore.Migrations
}

// Open returns storage on the database of config. It does not talk to it, so
// that a database which is down now is not down for ever; an error means that
// config is wrong.
func Open(_ context.Context, config Config) (*Storage, error) {
	pooled, err := configure(config.URL)
	if err != nil {
		return nil, err
	}
	direct := pooled
	if config.DirectURL != "" {
		if direct, err = configure(config.DirectURL); err != nil {
			return nil, fmt.Errorf("direct line: %w", err)
		}
	}
	line, err := listenURL(cmp.Or(config.DirectURL, config.URL), direct)
	if err != nil {
		return nil, err
	}
	if config.MaxConns == 0 {
		config.MaxConns = DefaultMaxConns
	}
	if config.MaxConns < 0 {
		return nil, fmt.Errorf("%d connections are too few", config.MaxConns)
	}
	steps, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	db := openPool(pooled, config.Unprepared)
	store := sqlstore.New(
		&sqlstore.Dialect{Queries: queries(), Classify: classify, Isolation: sql.LevelSerializable, PlansByValue: true, Import: importAccounts},
		sqlstore.Databases{Write: db, Read: db, Writes: config.MaxConns},
	)
	db.SetMaxOpenConns(config.MaxConns + 1)
	db.SetMaxIdleConns(config.MaxConns + 1)
	return &Storage{
		Store:      store,
		direct:     connector{direct},
		line:       line,
		migrations: sqlstore.Migrations{Files: steps, Dialect: goose.DialectPostgres},
	}, nil
}

func openPool(config pq.Config, unprepared bool) *sqlx.DB {
	if unprepared {
		config.BinaryParameters = true
		return sqlx.NewDb(sql.OpenDB(connector{config}), "postgres")
	}
	return sqlx.NewDb(sql.OpenDB(prepared(connector{config})), "postgres")
}

// Schema says where the schema is, touching nothing.
func (s *Storage) Schema(ctx context.Context) (application.SchemaStatus, error) {
	return s.Store.Schema(ctx, s.migrations)
}

// Migrate applies what is pending, over the direct line. Who comes second
// waits, up to five minutes, for PostgreSQL's session lock.
func (s *Storage) Migrate(ctx context.Context) error {
	status, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if err := status.Usable(); err != nil || status.Current() {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("prepare the lock of migrations: %w", err)
	}
	db := sql.OpenDB(s.direct)
	defer db.Close() // what was applied is committed
	err = s.migrations.Up(ctx, db, goose.WithSessionLocker(locker))
	if err != nil && ctx.Err() == nil && classify(err) == sqlstore.Unavailable {
		return errors.Join(domain.ErrUnavailable, err)
	}
	return err
}
