package echohttp

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"
)

// What pages of other origins may send, and read of answers (Fetch §3.2).
var (
	corsMethods = []string{"GET, POST, PUT, PATCH, DELETE"}
	corsHeaders = []string{"Authorization, Content-Type, If-Match, If-None-Match, X-API-Key, X-Request-Id"}
	corsExposed = []string{"X-Request-Id, ETag, Location, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, Deprecation"}
	corsMaxAge  = []string{"600"}
	corsVary    = []string{"Origin"}
	corsAsked   = []string{"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
)

// cors lets pages of the named origins call the API. Credentials travel in
// headers that a page sets itself: there are no cookies, and
// Access-Control-Allow-Credentials is never sent. An origin is compared as it
// is, character by character; "*" stands for any.
func cors(origins []string) echo.MiddlewareFunc {
	open := slices.Contains(origins, "*")
	allowed := map[string][]string{}
	for _, o := range origins {
		allowed[o] = []string{o}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, h := c.Request(), c.Response().Header()
			origin := r.Header.Get(echo.HeaderOrigin)
			granted, ok := allowed[origin]
			if open && origin != "" {
				granted, ok = []string{"*"}, true
			}
			preflight := r.Method == http.MethodOptions && r.Header.Get(echo.HeaderAccessControlRequestMethod) != ""
			h[echo.HeaderVary] = corsVary
			if preflight {
				h[echo.HeaderVary] = corsAsked
			}
			if ok {
				h[echo.HeaderAccessControlAllowOrigin] = granted
				h[echo.HeaderAccessControlExposeHeaders] = corsExposed
			}
			if !preflight {
				return next(c)
			}
			if ok {
				h[echo.HeaderAccessControlAllowMethods] = corsMethods
				h[echo.HeaderAccessControlAllowHeaders] = corsHeaders
				h[echo.HeaderAccessControlMaxAge] = corsMaxAge
			}
			return c.NoContent(http.StatusNoContent)
		}
	}
}
