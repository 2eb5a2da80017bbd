// Package resourceserver protects the handlers of another process with
// Sallyport's access tokens. A team's API imports it; it imports nothing of the
// server, and beside the standard library only golang-jwt.
//
//	gate, err := resourceserver.New(resourceserver.Config{
//		Issuer:   "https://auth.example.com",
//		Audience: "sallyport",
//	})
//	mux.Handle("/reports", gate.RequireRole("analyst")(reports))
//	// in the handler: caller, _ := resourceserver.CallerOf(r.Context())
//
// Tokens are verified here, with the keys that the issuer publishes (RFC 7517,
// RFC 9068): no call per request. What that can't see is a token that was
// revoked before it expired, so for at most the access token's lifetime a
// revoked one still opens these handlers. Where that is too long, set
// Config.Introspection: then the issuer is asked (RFC 7662), on each request or
// once in a while for each token, and answers for this very moment.
//
// The middleware is net/http's; Echo takes it with echo.WrapMiddleware.
package resourceserver
