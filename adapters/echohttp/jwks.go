package echohttp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// jwksCaching says how long resource servers may keep the keys: a new key is
// published for longer before it signs.
var jwksCaching = "public, max-age=" + strconv.Itoa(int(domain.JWKSMaxAge/time.Second))

func (a *api) jwks(c echo.Context) error {
	body, tag, err := a.Keys.JWKS(c.Request().Context())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", jwksCaching)
	h.Set("ETag", tag)
	if isKnown(c, tag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "application/jwk-set+json", body)
}
