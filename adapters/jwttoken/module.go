package jwttoken

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides *Tokens, application.TokenSigner, application.TokenVerifier
// and application.SigningKeyMaker, all the same. It needs a Config, an
// application.Store, an application.Sealer and an application.Clock, and takes
// an application.Journal and an application.Freshness.
var Module = fx.Module("jwttoken", fx.Provide(
	fx.Annotate(newFromGraph, fx.As(fx.Self()), fx.As(new(application.TokenSigner)),
		fx.As(new(application.TokenVerifier)), fx.As(new(application.SigningKeyMaker))),
))

type in struct {
	fx.In

	Config    Config
	Store     application.Store
	Sealer    application.Sealer
	Clock     application.Clock
	Journal   application.Journal   `optional:"true"`
	Freshness application.Freshness `optional:"true"`
}

func newFromGraph(i in) (*Tokens, error) {
	var options []Option
	if i.Journal.Store != nil {
		options = append(options, WithJournal(i.Journal))
	}
	if i.Freshness != nil {
		options = append(options, WithFreshness(i.Freshness))
	}
	return New(i.Config, i.Store, i.Sealer, i.Clock, options...)
}
