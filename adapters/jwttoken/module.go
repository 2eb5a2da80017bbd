package jwttoken

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides *Tokens, application.TokenSigner and
// application.TokenVerifier, all three the same. It needs a Config, an
// application.Store, an application.Sealer and an application.Clock.
var Module = fx.Module("jwttoken", fx.Provide(
	fx.Annotate(New, fx.As(fx.Self()), fx.As(new(application.TokenSigner)), fx.As(new(application.TokenVerifier))),
))
