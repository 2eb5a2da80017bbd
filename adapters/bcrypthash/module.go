package bcrypthash

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides application.PasswordHasher. It needs a Config.
var Module = fx.Module("bcrypthash", fx.Provide(
	fx.Annotate(New, fx.As(new(application.PasswordHasher))),
))
