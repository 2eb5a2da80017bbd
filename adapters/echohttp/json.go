package echohttp

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
)

// strictJSON is Echo's JSON: it writes as RFC 8259 says, and reads as
// decodeJSON does, so that a team's own c.Bind is as strict as ours.
type strictJSON struct{}

// Serialize writes v.
func (strictJSON) Serialize(c echo.Context, v any, indent string) error {
	if indent != "" {
		return errors.New("responses are not indented")
	}
	return json.MarshalWrite(c.Response(), v)
}

var jsonContent = []string{jsonType}

// answer sends v, a pointer to a body, as JSON. Unlike Echo's c.JSON it
// allocates nothing for the header.
func answer(c echo.Context, status int, v any) error {
	w := c.Response()
	w.Header()[echo.HeaderContentType] = jsonContent
	w.Status = status
	return json.MarshalWrite(w, v)
}

// Deserialize reads a body strictly into v.
func (strictJSON) Deserialize(c echo.Context, v any) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	return unmarshalStrictly(body, v)
}
