package echohttp

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// What other services ask for at each of their own requests, the caller's
// account and a decision, is written without reflection: it costs a third as
// much. A test compares these with the generated shapes.

// answerText sends a body that is JSON already.
func answerText(c echo.Context, status int, body []byte) error {
	w := c.Response()
	w.Header()[echo.HeaderContentType] = jsonContent
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

func appendUser(b []byte, u *domain.User) []byte {
	b = appendTime(append(b, `{"created_at":`...), u.CreatedAt)
	b = appendText(append(b, `,"email":`...), u.Email.String())
	b = strconv.AppendBool(append(b, `,"email_verified":`...), u.EmailVerified())
	b = appendText(append(b, `,"id":`...), u.ID)
	b = strconv.AppendBool(append(b, `,"is_active":`...), u.Active())
	b = appendText(append(b, `,"name":`...), u.Name)
	b = appendTexts(append(b, `,"roles":`...), u.Roles)
	b = appendTime(append(b, `,"updated_at":`...), u.UpdatedAt)
	return append(b, '}')
}

func appendDecision(b []byte, d application.Decision) []byte {
	b = strconv.AppendBool(append(b, `{"allowed":`...), d.Allowed)
	b = append(b, `,"principal":`...)
	if d.Principal == nil {
		b = append(b, "null"...)
	} else {
		b = appendPrincipal(b, d.Principal)
	}
	b = appendText(append(b, `,"reason":`...), d.Reason)
	return append(b, '}')
}

func appendPrincipal(b []byte, p *domain.Principal) []byte {
	b = append(b, '{')
	if p.User != nil {
		b = append(appendText(append(b, `"email":`...), p.User.Email.String()), ',')
	}
	b = appendText(append(b, `"kind":`...), p.Kind)
	b = appendTexts(append(b, `,"permissions":`...), p.Permissions)
	b = appendTexts(append(b, `,"roles":`...), p.Roles)
	if p.Session != "" {
		b = appendText(append(b, `,"session":`...), p.Session)
	}
	b = appendText(append(b, `,"subject":`...), p.Subject)
	return append(b, '}')
}

func appendText[T ~string](b []byte, text T) []byte {
	b, _ = jsontext.AppendQuote(b, string(text)) // what is not UTF-8 is replaced
	return b
}

func appendTexts[T ~string](b []byte, list []T) []byte {
	b = append(b, '[')
	for i, text := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, text)
	}
	return append(b, ']')
}

func appendTime(b []byte, at time.Time) []byte {
	return append(at.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}
