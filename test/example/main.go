package main

import (
	"os"

	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/bootstrap"
	"github.com/sallyport-auth/sallyport/bootstrap/standard"

	"example.com/team/gate/argon2hash"
	"example.com/team/gate/boltstore"
)

func main() {
	os.Exit(bootstrap.Main(standard.Modules(),
		boltstore.Module, // SALLYPORT_DATABASE_URL=bolt:PATH
		echohttp.AsRoutes(routes),
		fx.Decorate(func() application.PasswordHasher { return argon2hash.New(argon2hash.Default) }),
	))
}
