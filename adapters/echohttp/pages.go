package echohttp

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// The two pages that links in mails lead to, for teams without a front end of
// their own. They know no secret and take no input: the token stays in the
// fragment, which browsers keep to themselves, until a person presses the
// button; a mail scanner that opens the link uses nothing up.

//go:embed pages
var pageFiles embed.FS

// pageContent lets a page load its own script and style and call this API, and
// nothing else. The form is sent by the script: form-action may be none.
const pageContent = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func mountPages(e *echo.Echo) {
	for path, file := range map[string]struct{ name, contentType string }{
		"/verify-email":   {"verify-email.html", echo.MIMETextHTMLCharsetUTF8},
		"/reset-password": {"reset-password.html", echo.MIMETextHTMLCharsetUTF8},
		"/pages/page.js":  {"page.js", "text/javascript; charset=utf-8"},
		"/pages/page.css": {"page.css", "text/css; charset=utf-8"},
	} {
		content, err := pageFiles.ReadFile("pages/" + file.name)
		if err != nil {
			panic(err) // it is embedded: only a build without it comes here
		}
		serve := func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", pageContent)
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Cache-Control", "no-cache") // a new release's script with its page
			return c.Blob(http.StatusOK, file.contentType, content)
		}
		publish(e, path, serve)
	}
}
