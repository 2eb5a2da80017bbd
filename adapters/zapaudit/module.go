package zapaudit

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module adds a Recorder to the value group "recorders". It needs the
// *zap.Logger named "audit".
var Module = fx.Module("zapaudit", fx.Provide(
	fx.Annotate(New, fx.ParamTags(`name:"audit"`), fx.As(new(application.Recorder)), fx.ResultTags(`group:"recorders"`)),
))
