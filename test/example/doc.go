// Command gate is what a team makes of Sallyport without a fork: its own module
// with its own main.go, a storage adapter, a password hasher and routes. Copy
// it, and leave out what you do not need.
//
// Everything from outside joins the fx graph that bootstrap.Main builds; read
// application/ports.go first, where each method says what it promises and
// which errors it returns. Each kind of extension has a test that proves it:
//
// # A storage adapter
//
// Contribute an application.StorageAdapter to the value group "storage"; the
// scheme of SALLYPORT_DATABASE_URL picks it. What it opens is an
// application.Storage. For a database with transactions over ordered keys
// adapters/kvstore is one, given an engine of four operations: package
// boltstore is such an engine. For anything else, adapters/memory is the
// shortest storage to begin from; application/without_queries.go has the rules
// for stores that can't ask for them in a query.
//
//	var Module = fx.Provide(fx.Annotate(Adapter, fx.ResultTags(`group:"storage"`)))
//
//	conformance.TestEngine(t, open)    // of a kvstore.Engine, by itself
//	conformance.TestStore(t, open)     // every method of every port
//	conformance.TestLifecycle(t, open) // the use cases over it, beside a model
//
// A storage that is also an application.ChangeFeed gets the state cache, with
// which an authorized request asks storage nothing.
//
//	conformance.TestChangeFeed(t, open)  // what it tells, and in what order
//	conformance.TestStateReader(t, open) // what a cache over it may believe
//
// # A hasher, or another implementation of any port
//
// Replace the stock one with a plain fx.Decorate among the arguments of Main:
// inside of an fx.Module it would change nothing outside. One that takes no
// arguments never builds the stock one.
//
//	fx.Decorate(func() application.PasswordHasher { return argon2hash.New(argon2hash.Default) })
//
//	conformance.TestHasher(t, open)
//
// # A limiter
//
// Contribute an application.LimiterAdapter to the value group "limiters"; the
// scheme of SALLYPORT_RATE_LIMIT_URL picks it.
//
//	conformance.TestLimiter(t, open)
//
// # An event sink
//
// Contribute an application.Recorder to the value group "recorders". It is told
// of each auth event after it has happened, blocks nobody, and can't fail a
// request. Count is how many equal events one stands for.
//
//	fx.Provide(fx.Annotate(newSink, fx.As(new(application.Recorder)), fx.ResultTags(`group:"recorders"`)))
//
// # Routes
//
// echohttp.AsRoutes mounts handlers on the same server, with guards for single
// routes and for whole groups; routes.go has some. On an Echo of your own, ask
// the graph for *echohttp.Guards. Errors that handlers return are rendered as
// problems (RFC 9457) when they are domain errors.
package main
