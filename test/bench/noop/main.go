// Command noop is the least that a service on Echo can be: it answers every
// request with an empty 200. The benchmarks hold ours against it.
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
	e.Logger.Fatal(e.Start(os.Args[1]))
}
