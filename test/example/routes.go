package main

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/domain"
)

// routes mounts the team's own handlers beside the service's.
func routes(guards *echohttp.Guards) echohttp.Routes {
	return func(e *echo.Echo) {
		e.GET("/external-data", externalData, guards.RequireAPIKey())
		e.GET("/reports", reports, guards.RequirePermission("reports:read")) // a user or a service

		admin := e.Group("/admin", guards.RequireRole(domain.RoleAdmin))
		admin.GET("", dashboard)
	}
}

func externalData(c echo.Context) error {
	service, err := echohttp.CurrentPrincipal(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"for": service.Subject, "data": []int{1, 2, 3}})
}

func reports(c echo.Context) error { return c.JSON(http.StatusOK, []string{}) }

func dashboard(c echo.Context) error {
	user, err := echohttp.CurrentUser(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"message": "Hello, " + user.Email.String()})
}
