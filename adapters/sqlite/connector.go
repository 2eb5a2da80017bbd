package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// patience is how long a request waits for who has the file locked.
	patience = 1500 * time.Millisecond

	// reopenEvery is how often a connection is tried that SQLite does not wait
	// with.
	reopenEvery = 10 * time.Millisecond
)

// connector opens a file, readable by its owner alone when it makes it.
type connector struct {
	dsn      string
	patience time.Duration // for who has the file locked
}

func (c connector) Driver() driver.Driver { return &sqlite.Driver{} }

// Connect waits by itself too: where two turn a new file to WAL at once, SQLite
// answers the second SQLITE_BUSY without waiting, since it already reads.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	address, err := url.Parse(c.dsn)
	if err != nil {
		return nil, fmt.Errorf("address of the database: %w", err)
	}
	if address.Query().Get("mode") == "rwc" {
		create(address.Path)
	}
	for end := time.Now().Add(c.patience); ; {
		conn, err := c.Driver().Open(c.dsn)
		if !isBusy(err) || time.Now().After(end) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w, while %w", ctx.Err(), err)
		case <-time.After(reopenEvery):
		}
	}
}

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// create makes an empty file that only its owner can read. It never has the
// file itself open: closing it would take away the locks that other connections
// of this process hold on it (SQLite, "How To Corrupt", §2.2). Where it can't be
// done SQLite makes the file, or says why not.
func create(path string) {
	if _, err := os.Lstat(path); err == nil {
		return
	}
	empty, err := os.CreateTemp(filepath.Dir(path), ".sallyport-*") // mode 0600
	if err != nil {
		return
	}
	_ = empty.Close()
	_ = os.Link(empty.Name(), path) // unless it is there by now
	_ = os.Remove(empty.Name())
}

// to is the connector with the pragmas of every connection.
func to(path, mode string, patience time.Duration, more url.Values) connector {
	more.Set("mode", mode)
	more.Set("_busy_timeout", strconv.FormatInt(patience.Milliseconds(), 10))
	more.Set("_foreign_keys", "on")
	more.Set("_time_integer_format", "unix_micro")
	more.Set("_dqs", "0")
	return connector{(&url.URL{Scheme: "file", Path: path, RawQuery: more.Encode()}).String(), patience}
}

// writing makes the file where it is not there. With FULL a COMMIT is on the
// disk when it returns; that costs one fsync for each group of writes.
func writing(path string, patience time.Duration) connector {
	return to(path, "rwc", patience, url.Values{"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_txlock": {"immediate"}})
}

// reading does not make the file, and can't write. Mode ro would keep it from
// making the shared memory that it reads by when no writer is there.
func reading(path string) connector {
	return to(path, "rw", patience, url.Values{"_query_only": {"on"}})
}
