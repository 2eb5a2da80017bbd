package echohttp

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// target is what every administration of a user begins with.
type target struct {
	caller     domain.Principal
	id         domain.UserID
	unmodified time.Time
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
	unmodified, err := ifMatch(c)
	return target{caller, id, unmodified}, err
}
