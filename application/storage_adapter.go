package application

import "context"

// StorageAdapter opens the databases of one URL scheme. Adapters join the fx
// value group `group:"storage"`; the scheme of the configured URL picks one.
type StorageAdapter struct {
	Scheme string // such as "postgres"
	// Open prepares storage. It need not reach the database: one that is down
	// now is not down for ever. domain.ErrUnavailable when it can't be had now,
	// such as a file that another process has locked; any other error means
	// that the configuration is wrong.
	Open func(ctx context.Context, config StorageConfig) (Storage, error)
}

// StorageConfig is what a storage adapter is opened with.
type StorageConfig struct {
	URL string
	// DirectURL is a line past a connection pooler, for migrations and the
	// change feed; empty: the same as URL. With it, URL is taken to be a
	// pooler's, behind which a connection's state does not last.
	DirectURL string
	MaxConns  int // at most this many connections; 0: the adapter's default
}
