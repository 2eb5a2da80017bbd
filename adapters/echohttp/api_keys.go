package echohttp

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (a *api) listAPIKeys(c echo.Context) error {
	const list = "api-keys"
	page, err := pageOf[domain.APIKeyID](a.cursors, c, list)
	if err != nil {
		return err
	}
	keys, err := a.APIKeys.List(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(a.cursors, list, page, keys, func(k domain.APIKey) domain.APIKeyID { return k.ID }, wireAPIKey))
}

func (a *api) createAPIKey(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[CreateAPIKeyRequest](c, "expires_at")
	if err != nil {
		return err
	}
	n := application.NewAPIKey{}
	if n.Name, err = domain.ParseName("name", body.Name); err != nil {
		return err
	}
	if body.Permissions == nil {
		return domain.Invalid("permissions", "is required; it may be empty")
	}
	if n.Permissions, err = parsePermissions(body.Permissions); err != nil {
		return err
	}
	if body.ExpiresAt != nil {
		if body.ExpiresAt.IsZero() { // what many programs send for no time at all
			return domain.Invalid("expires_at", "must be in the future; leave it out for a key that does not expire")
		}
		n.ExpiresAt = body.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	key, text, err := a.APIKeys.Create(c.Request().Context(), caller, n)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/api-keys/"+string(key.ID))
	return c.JSON(http.StatusCreated, wireCreatedAPIKey(key, text))
}

func (a *api) revokeAPIKey(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	id, err := domain.ParseID[domain.APIKeyID](c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.APIKeys.Revoke(c.Request().Context(), caller, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
