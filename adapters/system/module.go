package system

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/application"
)

// Module provides application.Clock and application.IDs.
var Module = fx.Module("system", fx.Provide(
	func() application.Clock { return Clock{} },
	func() application.IDs { return IDs{} },
))
