package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/sallyport-auth/sallyport/application"
)

// VersionTable is the table in which goose writes down what it applied.
const VersionTable = "sallyport_schema"

// Migrations are the steps of a schema: forward only, each safe while the
// previous release still runs, each writing down the oldest release that can
// use what it leaves (table schema_compatibility).
type Migrations struct {
	Files   fs.FS // NNNNN_name.sql
	Dialect goose.Dialect
}

// Schema says where the schema is, touching nothing.
func (s *Store) Schema(ctx context.Context, migrations Migrations) (application.SchemaStatus, error) {
	var applied []struct {
		Version   int64   `db:"version"`
		AppliedAt instant `db:"applied_at"`
	}
	status, err := migrations.Pending()
	if err != nil {
		return status, err
	}
	var exists bool
	if err := s.one(ctx, &exists, s.q.Schema.Exists); err != nil {
		return status, fmt.Errorf("look for the schema: %w", err)
	}
	if !exists {
		return status, nil
	}
	if err := s.all(ctx, &applied, s.q.Schema.Applied); err != nil {
		return status, fmt.Errorf("read the schema's version: %w", err)
	}
	for _, a := range applied {
		status.Version = max(status.Version, a.Version)
		for i := range status.Steps {
			if status.Steps[i].Version == a.Version {
				status.Steps[i].AppliedAt = a.AppliedAt.Time
			}
		}
	}
	if status.Version == 0 {
		return status, nil
	}
	if err := s.one(ctx, &status.Oldest, s.q.Schema.Oldest); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return status, fmt.Errorf("read the schema's compatibility: %w", err)
	}
	return status, nil
}

// Pending is the status of an empty database.
func (m Migrations) Pending() (application.SchemaStatus, error) {
	var status application.SchemaStatus
	files, err := fs.Glob(m.Files, "*.sql")
	if err != nil {
		return status, fmt.Errorf("list migrations: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return status, fmt.Errorf("name of migration %s: %w", file, err)
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
		status.Steps = append(status.Steps, application.SchemaMigration{Version: version, Name: name})
		status.Latest = max(status.Latest, version)
	}
	return status, nil
}

// Up applies what is pending on db. Concurrent runs must be kept apart by an
// option, or by whoever calls.
func (m Migrations) Up(ctx context.Context, db *sql.DB, options ...goose.ProviderOption) error {
	options = append(options, goose.WithTableName(VersionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	provider, err := goose.NewProvider(m.Dialect, db, m.Files, options...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("apply migrations: %w", err)
	}
	return nil
}

// Unavailable wraps an error of the driver with what was attempted, as
// domain.ErrUnavailable if that is what it means.
func (s *Store) Unavailable(attempted string, err error) error {
	return settled(s.dialect.translate(attempted, err))
}
