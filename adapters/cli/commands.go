package cli

import (
	"context"

	"github.com/sallyport-auth/sallyport/application"
)

// Commands is everything that sallyport can be told to do, as kong reads it.
type Commands struct {
	Serve       Serve       `cmd:"" help:"Run the HTTP API."`
	Migrate     Migrate     `cmd:"" help:"Bring the database schema up to date, or show where it is."`
	Users       Users       `cmd:"" help:"Make, show and change users."`
	APIKeys     APIKeys     `cmd:"" name:"apikeys" help:"Make, show and end the API keys of services."`
	Keys        Keys        `cmd:"" help:"Rotate, show and withdraw the keys that sign access tokens."`
	Healthcheck Healthcheck `cmd:"" help:"Exit with 0 when the running server is ready: for container probes."`
	Completion  Completion  `cmd:"" help:"Print a script that completes commands and flags in a shell."`
	Version     Version     `cmd:"" help:"Print version, commit and Go version."`
}

// Service is what the commands reach. Each method does its work when a command
// asks for it, so that a command starts no more than it needs.
type Service interface {
	// Serve runs the API until ctx ends, which is no error, or until it fails.
	// It applies migrations first unless migrate is false.
	Serve(ctx context.Context, migrate bool) error
	// Storage opens storage and leaves its schema as it is.
	Storage(ctx context.Context) (application.Storage, error)
	// UseCases opens storage with its schema in place: it creates one in an
	// empty database, and refuses an older one.
	UseCases(ctx context.Context) (UseCases, error)
	// Ready returns nil when the server at the configured address is ready.
	Ready(ctx context.Context) error
}

// UseCases is what the commands call once storage is open.
type UseCases struct {
	Users   *application.Users
	Roles   *application.Roles
	APIKeys *application.APIKeys
	Keys    *application.Keys
	Rewrap  *application.Rewrap
	Import  *application.Import
	Export  *application.Export
	Clock   application.Clock
}

// UsageError says that the call was wrong, and nothing was done: exit code 2.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }
