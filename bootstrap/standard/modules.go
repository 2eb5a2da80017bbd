package standard

import (
	"go.uber.org/fx"

	"github.com/sallyport-auth/sallyport/adapters/bcrypthash"
	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/hashqueue"
	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/memlimit"
	"github.com/sallyport-auth/sallyport/adapters/postgres"
	"github.com/sallyport-auth/sallyport/adapters/prommetrics"
	"github.com/sallyport-auth/sallyport/adapters/redislimit"
	"github.com/sallyport-auth/sallyport/adapters/sqlite"
	"github.com/sallyport-auth/sallyport/adapters/system"
	"github.com/sallyport-auth/sallyport/adapters/zapaudit"
)

// Modules returns the stock adapters.
func Modules() fx.Option {
	return fx.Options(
		echohttp.Module,

		sqlite.Module,
		postgres.Module,

		jwttoken.Module,
		envelope.Module,
		bcrypthash.Module,
		hashqueue.Module,
		system.Module,

		memlimit.Module,
		redislimit.Module,

		zapaudit.Module,
		prommetrics.Module,
	)
}
