// Command noop is the least that a service on Echo can be: it answers every
// request with an empty 200. The benchmarks compare ours with it. At /sketch/me
// it is the least that /users/me can be with a middleware or two. Told of a
// database and of the statement by which a refresh moves a session, it also is
// the least that a refresh on the same libraries can be.
package main

import (
	"net/http"
	"os"

	"github.com/labstack/echo/v4"
)

func main() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Any("/*", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	mountSketch(e)
	if len(os.Args) > 3 {
		r, err := newRefresher(os.Args[2], os.Args[3])
		if err != nil {
			e.Logger.Fatal(err)
		}
		e.GET("/begin", r.begin)
		e.POST("/auth/refresh", r.refresh)
	}
	e.Logger.Fatal(e.Start(os.Args[1]))
}
