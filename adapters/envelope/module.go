package envelope

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides application.Sealer. It needs a Config.
var Module = fx.Module("envelope", fx.Provide(
	fx.Annotate(New, fx.As(new(application.Sealer))),
))
