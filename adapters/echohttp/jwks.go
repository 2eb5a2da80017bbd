package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// jwksMaxAge is how long resource servers may keep the keys, in seconds. A new
// key is published for at least as long before it signs.
const jwksMaxAge = "300"

func (a *api) jwks(c echo.Context) error {
	body, tag, err := a.Keys.JWKS(c.Request().Context())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age="+jwksMaxAge)
	h.Set("ETag", tag)
	if c.Request().Header.Get("If-None-Match") == tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "application/jwk-set+json", body)
}
