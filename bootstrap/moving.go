package bootstrap

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// moving provides the use cases that bring accounts in and out.
var moving = fx.Provide(
	func(j application.Journal, h application.PasswordHasher) *application.Import {
		return &application.Import{Journal: j, Hasher: h}
	},
	func(j application.Journal) *application.Export { return &application.Export{Journal: j} },
)
