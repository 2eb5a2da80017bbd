package prommetrics

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides the *prometheus.Registry that others register with, adds a
// Recorder to the value group "recorders", and provides the http.Handler named
// "metrics". It needs a Config.
var Module = fx.Module("prommetrics", fx.Provide(
	NewRegistry,
	fx.Annotate(New, fx.As(new(application.Recorder)), fx.ResultTags(`group:"recorders"`)),
	fx.Annotate(Handler, fx.ResultTags(`name:"metrics"`)),
))
