package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"github.com/sallyport-auth/sallyport/adapters/sqlstore"
	"github.com/sallyport-auth/sallyport/application"
)

// DefaultReaders is how many connections read when nobody says.
const DefaultReaders = 8

//go:embed migrations/*.sql
var files embed.FS

// Config says which file to use, and how.
type Config struct {
	Path    string // absolute, or relative to the working directory; made when it is not there
	Readers int    // how many connections read at once; 0: DefaultReaders
}

// ParseURL returns the path in sqlite:PATH, which is taken as it stands, or in
// sqlite:///PATH. A database in memory alone is refused: it would forget
// everything, and each connection would have its own.
func ParseURL(text string) (string, error) {
	path, ok := strings.CutPrefix(text, "sqlite:")
	if !ok {
		return "", errors.New("the database URL should look like sqlite:sallyport.db")
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return "", fmt.Errorf("sqlite://%s names a host; write sqlite:%s, or sqlite:///… for an absolute path", rest, rest)
		}
		path = rest
	}
	switch {
	case path == "":
		return "", errors.New("the database URL names no file; it should look like sqlite:sallyport.db")
	case strings.Contains(path, ":memory:"):
		return "", errors.New("a SQLite database in memory alone is not supported; name a file, such as sqlite:/tmp/sallyport.db")
	case strings.ContainsAny(path, "?\x00"):
		return "", errors.New("the path of the SQLite database must not hold a ? or a NUL; it takes no parameters")
	}
	return path, nil
}

var _ application.Storage = (*Storage)(nil)

// Storage is application.Storage in a file.
type Storage struct {
	*sqlstore.Store
	path       string
	foreign    atomic.Uint64 // how often another process was seen to have written
	migrations sqlstore.Migrations
}

// Open returns storage in the file of config. It does not touch the file; an
// error means that config is wrong.
func Open(_ context.Context, config Config) (*Storage, error) {
	path, err := filepath.Abs(config.Path)
	if err != nil || config.Path == "" {
		return nil, fmt.Errorf("path of the database %q: %w", config.Path, err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("the folder %s, where the database is to be, is not there", filepath.Dir(path))
	}
	if config.Readers <= 0 {
		config.Readers = DefaultReaders
	}
	steps, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	s := &Storage{path: path, migrations: sqlstore.Migrations{Files: steps, Dialect: goose.DialectSQLite3}}
	writer := watching{prepared(writing(path, patience)), s.foreignWrite}
	s.Store = sqlstore.New(&sqlstore.Dialect{Queries: queries(), Classify: classify, GroupCommit: true, Import: importAccounts}, sqlstore.Databases{
		Write: database(writer), Writes: 1,
		Read: database(prepared(reading(path))), Reads: config.Readers,
	})
	return s, nil
}

func prepared(c connector) driver.Connector { return sqlstore.Prepared(c, isStale) }

func database(c driver.Connector) *sqlx.DB { return sqlx.NewDb(sql.OpenDB(c), "sqlite") }

// Schema says where the schema is, touching nothing: a file that is not there
// is an empty database.
func (s *Storage) Schema(ctx context.Context) (application.SchemaStatus, error) {
	if info, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return s.migrations.Pending()
	}
	return s.Store.Schema(ctx, s.migrations)
}

// Migrate applies what is pending, all of it or nothing. Who comes second
// waits for SQLite's lock, up to a minute.
func (s *Storage) Migrate(ctx context.Context) error {
	status, err := s.Schema(ctx)
	if err != nil {
		return err
	}
	if err := status.Usable(); err != nil || status.Current() {
		return err
	}
	db := sql.OpenDB(writing(s.path, time.Minute))
	db.SetMaxOpenConns(1) // so that goose works inside the transaction that is begun here
	defer db.Close()      // what was applied is committed
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return s.Unavailable("lock the database", err)
	}
	if err := s.migrations.Up(ctx, db, goose.WithIsolateDDL(true)); err != nil {
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // closing does the same
		return s.Unavailable("migrate", err)
	}
	if _, err := db.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return s.Unavailable("commit migrations", err)
	}
	return nil
}
