package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"go.uber.org/fx"
	"go.uber.org/zap"
)

// Module serves the HTTP API: it provides *Guards, *echo.Echo, and the
// http.Handler named "api". It takes Routes from the value group "routes".
var Module = fx.Module("echohttp",
	fx.Provide(NewGuards, newFromGraph),
)

type in struct {
	fx.In

	Config   Config
	UseCases UseCases
	Guards   *Guards
	Log      *zap.Logger
	Routes   []Routes `group:"routes"`
}

type out struct {
	fx.Out

	Echo    *echo.Echo
	Handler http.Handler `name:"api"`
}

func newFromGraph(i in) out {
	e := New(i.Config, i.UseCases, i.Guards, i.Log, i.Routes...)
	return out{Echo: e, Handler: e}
}

// AsRoutes provides a constructor of Routes to the server. It may ask for
// *Guards and for anything else in the graph.
func AsRoutes(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"routes"`)))
}
