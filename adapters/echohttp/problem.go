package echohttp

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/domain"
)

const problemType = "application/problem+json"

// problem is an RFC 9457 error body.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []fieldProblem `json:"errors,omitempty"`
}

type fieldProblem struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// kinds says what each kind of error is over HTTP.
var kinds = map[domain.Kind]struct {
	status int
	title  string
}{
	domain.KindInvalid:            {http.StatusUnprocessableEntity, "Invalid input"},
	domain.KindUnauthenticated:    {http.StatusUnauthorized, "Unauthorized"},
	domain.KindForbidden:          {http.StatusForbidden, "Forbidden"},
	domain.KindNotFound:           {http.StatusNotFound, "Not found"},
	domain.KindConflict:           {http.StatusConflict, "Conflict"},
	domain.KindPreconditionFailed: {http.StatusPreconditionFailed, "Precondition failed"},
	domain.KindRateLimited:        {http.StatusTooManyRequests, "Too many requests"},
	domain.KindOverloaded:         {http.StatusServiceUnavailable, "Service overloaded"},
	domain.KindUnavailable:        {http.StatusServiceUnavailable, "Service unavailable"},
}

// challenges says which WWW-Authenticate goes with an error (RFC 6750 §3).
var challenges = map[string]string{
	domain.ErrInvalidCredentials.Code:      `Bearer`,
	domain.ErrNotAuthenticated.Code:        `Bearer`,
	domain.ErrInvalidRefreshToken.Code:     `Bearer`,
	domain.ErrInvalidToken.Code:            `Bearer error="invalid_token"`,
	domain.ErrTokenType.Code:               `Bearer error="invalid_token"`,
	domain.ErrUserInactive.Code:            `Bearer error="invalid_token"`,
	domain.ErrInsufficientPermissions.Code: `Bearer error="insufficient_scope"`,
}

// transport holds the errors that HTTP itself has; the domain knows none of them.
var transport = map[int]problem{
	http.StatusNotFound:              {Type: "/problems/not-found", Title: "Not found", Detail: "Not found"},
	http.StatusMethodNotAllowed:      {Type: "/problems/method-not-allowed", Title: "Method not allowed", Detail: "Method not allowed"},
	http.StatusRequestEntityTooLarge: {Type: "/problems/body-too-large", Title: "Body too large", Detail: "The body must be at most 64 KiB"},
	http.StatusUnsupportedMediaType:  {Type: "/problems/unsupported-media-type", Title: "Unsupported media type", Detail: "Send another Content-Type"},
	http.StatusBadRequest:            {Type: "/problems/bad-request", Title: "Bad request", Detail: "Bad request"},
}

var internal = problem{Type: "/problems/internal", Title: "Internal server error", Status: http.StatusInternalServerError, Detail: "Internal server error"}

// renderer turns every error into a response: the one place that does, and
// the one that logs what nobody foresaw.
type renderer struct{ log *zap.Logger }

// handle is Echo's HTTPErrorHandler.
func (r renderer) handle(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	var p problem
	var oauth *oauthError
	if !errors.As(err, &oauth) {
		var header map[string]string
		p, header = r.problemOf(err, c)
		for name, value := range header {
			h.Set(name, value)
		}
		oauth = oauthErrorOf(err, p, c)
	}
	if oauth != nil {
		_ = oauth.send(c) // the client is gone; nobody is left to tell
		return
	}
	if x := exchangeOf(c.Request().Context()); x != nil {
		p.RequestID = x.origin.RequestID
	}
	h.Set(echo.HeaderContentType, problemType)
	h.Set("Cache-Control", "no-store")
	if c.Request().Method == http.MethodHead {
		c.Response().WriteHeader(p.Status)
		return
	}
	body, err := json.Marshal(p)
	if err != nil {
		r.log.Error("render a problem", zap.Error(err))
	}
	c.Response().WriteHeader(p.Status)
	_, _ = c.Response().Write(body) // the client is gone; nobody is left to tell
}

func (r renderer) problemOf(err error, c echo.Context) (problem, map[string]string) {
	var known *domain.Error
	if errors.As(err, &known) && known.Kind != domain.KindInternal {
		r.logUnavailable(err, known, c)
		if x := exchangeOf(c.Request().Context()); x != nil && known.Limit != nil {
			x.exceeded(*known.Limit)
		}
		return domainProblem(known), domainHeader(known)
	}
	var fromEcho *echo.HTTPError
	if errors.As(err, &fromEcho) {
		if p, ok := transport[fromEcho.Code]; ok {
			p.Status = fromEcho.Code
			return p, nil
		}
		if fromEcho.Code >= 400 && fromEcho.Code < 500 { // of a team's own handler
			return plainProblem(fromEcho), nil
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		// The client went away, or everything behind us is slow: nothing is known.
		return domainProblem(domain.ErrUnavailable), domainHeader(domain.ErrUnavailable)
	}
	r.log.Error("request failed",
		zap.String("method", c.Request().Method), zap.String("route", c.Path()),
		zap.String("request_id", requestIDOf(c)), zap.Error(err))
	return internal, nil
}

// plainProblem says no more than its status does (RFC 9457 §4.2.1), but for
// what the handler says to people.
func plainProblem(e *echo.HTTPError) problem {
	p := problem{Type: "about:blank", Title: http.StatusText(e.Code), Status: e.Code, Detail: http.StatusText(e.Code)}
	if detail, ok := e.Message.(string); ok {
		p.Detail = detail
	}
	return p
}

func (r renderer) logUnavailable(err error, known *domain.Error, c echo.Context) {
	if known.Kind == domain.KindUnavailable {
		r.log.Warn("service unavailable",
			zap.String("method", c.Request().Method), zap.String("route", c.Path()),
			zap.String("request_id", requestIDOf(c)), zap.Error(err))
	}
}

func domainProblem(e *domain.Error) problem {
	kind := kinds[e.Kind]
	p := problem{Type: "/problems/" + e.Code, Title: kind.title, Status: kind.status, Detail: e.Detail}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, fieldProblem{f.Field, f.Detail})
	}
	if len(e.Fields) > 0 {
		p.Detail = e.Fields[0].Field + " " + e.Fields[0].Detail
	}
	return p
}

func domainHeader(e *domain.Error) map[string]string {
	header := map[string]string{}
	if challenge, ok := challenges[e.Code]; ok {
		header[echo.HeaderWWWAuthenticate] = challenge
	}
	switch e.Kind {
	case domain.KindRateLimited, domain.KindOverloaded, domain.KindUnavailable:
		header["Retry-After"] = retryAfter(e.RetryAfter)
	}
	return header
}

// retryAfter gives whole seconds, rounded up, at least one (RFC 9110 §10.2.3).
func retryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

func requestIDOf(c echo.Context) string {
	if x := exchangeOf(c.Request().Context()); x != nil {
		return x.origin.RequestID
	}
	return ""
}
