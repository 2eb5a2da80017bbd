package echohttp

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// Values of headers that are the same on every response, shared by all of them.
//
// Up to eight headers cost little, the ninth makes net/http allocate larger
// maps for each response. So what is about documents, and not about data, is
// set by whoever serves a document; that nobody may frame us is in the policy.
var (
	nosniff        = []string{"nosniff"}
	sameOrigin     = []string{"same-origin"}
	noStore        = []string{"no-store"}
	apiContent     = []string{"default-src 'none'; frame-ancestors 'none'"}
	strictTransfer = []string{"max-age=63072000; includeSubDomains"}
)

// edge is the one middleware around everything: it gives the request its
// exchange, the response its security headers, and turns a panic into an error.
func edge(log *zap.Logger, hsts bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			x := begin(c)
			h := c.Response().Header()
			h["X-Request-Id"] = x.id[:]
			h["X-Content-Type-Options"] = nosniff
			h["Content-Security-Policy"] = apiContent
			h["Cross-Origin-Resource-Policy"] = sameOrigin
			if hsts {
				h["Strict-Transport-Security"] = strictTransfer
			}
			switch r := c.Request(); { // up to the limit net/http counts
			case r.ContentLength > maxBodyBytes:
				return echo.ErrStatusRequestEntityTooLarge
			case r.ContentLength < 0:
				r.Body = http.MaxBytesReader(nil, r.Body, maxBodyBytes)
			}
			defer func() {
				if p := recover(); p != nil {
					if aborted, ok := p.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
						panic(p)
					}
					log.Error("panic", zap.String("request_id", x.origin.RequestID),
						zap.String("panic", fmt.Sprint(p)), zap.ByteString("stack", debug.Stack()))
					err = fmt.Errorf("panic in handler")
				}
			}()
			return next(c)
		}
	}
}

// private marks a response as the caller's own: no cache keeps it.
func private(c echo.Context) {
	c.Response().Header()["Cache-Control"] = noStore
}
