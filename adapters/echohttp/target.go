package echohttp

import (
	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// target is what every administration of a user begins with.
type target struct {
	caller       domain.Principal
	id           domain.UserID
	precondition application.Precondition
}

func targetOf(c echo.Context) (target, error) {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return target{}, err
	}
	id, err := domain.ParseID[domain.UserID](c.Param("id"))
	if err != nil {
		return target{}, err
	}
	return target{caller, id, precondition(c)}, nil
}
