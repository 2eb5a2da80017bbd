package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-auth/sallyport/application"
)

// Serve runs the service.
type Serve struct {
	NoMigrate bool `group:"Storage" help:"Leave the schema as it is: somebody else runs migrate up."`
}

// Help is shown below the summary.
func (*Serve) Help() string {
	return `It ends on SIGTERM and SIGINT, after what is in flight is finished, within 15 seconds.

On a laptop, with an SQLite file in this folder:

    sallyport serve --log-format console

In production, with the secret in a file that nobody else reads:

    SALLYPORT_ENV=production SALLYPORT_ISSUER=https://auth.example.com \
    SALLYPORT_SECRET_FILE=/run/secrets/sallyport \
    SALLYPORT_DATABASE_URL=postgres://sallyport@db.internal/sallyport sallyport serve`
}

// Run serves until it is told to stop.
func (cmd *Serve) Run(ctx context.Context, service Service) error {
	return service.Serve(ctx, !cmd.NoMigrate)
}

// Migrate is the commands about the schema.
type Migrate struct {
	Up     migrateUp     `cmd:"" help:"Apply the migrations that are pending; safe when several run at once."`
	Status migrateStatus `cmd:"" help:"Show which migrations are applied. It touches nothing."`
}

type migrateUp struct {
	JSON bool `help:"Print the status as JSON."`
}

// Run applies what is pending.
func (cmd *migrateUp) Run(ctx context.Context, console *Console, service Service) error {
	storage, err := service.Storage(ctx)
	if err != nil {
		return err
	}
	if err := storage.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	status, err := storage.Schema(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if cmd.JSON {
		return console.JSON(shownSchema(status))
	}
	console.Note("The schema is at version %d.", status.Version)
	return nil
}

type migrateStatus struct {
	JSON bool `help:"Print the status as JSON."`
}

type migrationJSON struct {
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at"` // null: pending
}

// Run shows where the schema is.
func (cmd *migrateStatus) Run(ctx context.Context, console *Console, service Service) error {
	storage, err := service.Storage(ctx)
	if err != nil {
		return err
	}
	status, err := storage.Schema(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if cmd.JSON {
		return console.JSON(shownSchema(status))
	}
	l := console.list(false, "VERSION", "NAME", "APPLIED")
	for _, step := range status.Steps {
		applied := "pending"
		if !step.AppliedAt.IsZero() {
			applied = instant(step.AppliedAt)
		}
		if err := l.add(nil, fmt.Sprint(step.Version), step.Name, applied); err != nil {
			return err
		}
	}
	if err := l.end(); err != nil {
		return err
	}
	switch {
	case !status.Compatible():
		console.Note("The database is at version %d, too new for this release: run a newer one.", status.Version)
	case !status.Current():
		console.Note("Version %d of %d: run `sallyport migrate up`.", status.Version, status.Latest)
	default:
		console.Note("Version %d: nothing is pending.", status.Version)
	}
	return nil
}

func shownSchema(status application.SchemaStatus) any {
	steps := make([]migrationJSON, len(status.Steps))
	for i, s := range status.Steps {
		steps[i] = migrationJSON{s.Version, s.Name, orNull(s.AppliedAt)}
	}
	return struct {
		Version    int64           `json:"version"`
		Latest     int64           `json:"latest"`
		Current    bool            `json:"current"`
		Compatible bool            `json:"compatible"`
		Migrations []migrationJSON `json:"migrations"`
	}{status.Version, status.Latest, status.Current(), status.Compatible(), steps}
}

// Healthcheck asks a running server whether it is ready.
type Healthcheck struct{}

// Help is shown below the summary.
func (*Healthcheck) Help() string {
	return `It asks /readyz on the operations listener of the configuration, or the API itself when that listener is off.

    HEALTHCHECK CMD ["/sallyport", "healthcheck"]`
}

// Run asks once.
func (*Healthcheck) Run(ctx context.Context, service Service) error { return service.Ready(ctx) }

// Build is what this binary was built from.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

// Version prints Build.
type Version struct {
	JSON bool `help:"Print it as JSON."`
}

// Run prints the build.
func (cmd *Version) Run(console *Console, build Build) error {
	if cmd.JSON {
		return console.JSON(build)
	}
	return console.Print("sallyport %s\ncommit %s\n%s", build.Version, build.Commit, build.Go)
}
