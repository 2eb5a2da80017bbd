package echohttp

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// oauthError is an error of RFC 6749 §5.2, RFC 6750 §3.1 or RFC 7009 §2.2.1.
type oauthError struct {
	status      int
	code        string
	description string
	challenge   string // WWW-Authenticate
}

func (e *oauthError) Error() string { return e.code + ": " + e.description }

// basicChallenge goes with every failed client authentication (RFC 6749 §5.2).
const basicChallenge = `Basic realm="sallyport", charset="UTF-8"`

var (
	errOAuthInvalidClient  = &oauthError{http.StatusUnauthorized, "invalid_client", "Client authentication failed", basicChallenge}
	errOAuthTwoCredentials = oauthInvalidRequest("there is more than one credential")
)

func oauthInvalidRequest(description string) *oauthError {
	return &oauthError{http.StatusBadRequest, "invalid_request", description, ""}
}

// oauthErrors says what our errors are in the words of the RFCs; what they do
// not name goes by its kind.
var oauthErrors = map[string]struct {
	status int
	code   string
}{
	domain.ErrInvalidRefreshToken.Code:     {http.StatusBadRequest, "invalid_grant"}, // a grant, and no credential
	domain.ErrInvalidScope.Code:            {http.StatusBadRequest, "invalid_scope"},
	domain.ErrInvalidToken.Code:            {http.StatusUnauthorized, "invalid_token"},
	domain.ErrUserInactive.Code:            {http.StatusUnauthorized, "invalid_token"},
	domain.ErrInsufficientPermissions.Code: {http.StatusForbidden, "insufficient_scope"},
}

// isOAuth reports whether a request is for an endpoint whose errors are the
// RFC's.
func isOAuth(c echo.Context) bool {
	switch c.Request().URL.Path {
	case oauthTokenPath, oauthIntrospectPath, oauthRevokePath:
		return true
	}
	return false
}

// oauthErrorOf translates a problem, where that belongs; nil where it stays one:
// a body that is too large is a problem everywhere, and so is what nobody
// foresaw.
func oauthErrorOf(err error, p problem, c echo.Context) *oauthError {
	if !isOAuth(c) {
		return nil
	}
	var known *domain.Error
	if errors.As(err, &known) {
		if e, ok := oauthErrors[known.Code]; ok {
			if e.status == http.StatusBadRequest {
				return &oauthError{e.status, e.code, p.Detail, ""}
			}
			return &oauthError{e.status, e.code, p.Detail, challenges[known.Code]}
		}
		switch {
		case known.Code == domain.ErrInvalidAPIKey.Code:
			return errOAuthInvalidClient
		case known.Code == domain.ErrTokenType.Code: // the other kind: at /oauth/token in the form, else as the bearer
			if c.Request().URL.Path == oauthTokenPath {
				return &oauthError{http.StatusBadRequest, "invalid_grant", p.Detail, ""}
			}
			return &oauthError{http.StatusUnauthorized, "invalid_token", p.Detail, challenges[known.Code]}
		case known.Kind == domain.KindInvalid:
			return oauthInvalidRequest(p.Detail)
		}
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return &oauthError{p.Status, "temporarily_unavailable", p.Detail, ""}
	case http.StatusUnsupportedMediaType:
		return &oauthError{p.Status, "invalid_request", "The content type must be " + formType, ""}
	case http.StatusMethodNotAllowed, http.StatusBadRequest:
		return &oauthError{p.Status, "invalid_request", p.Detail, ""}
	}
	return nil
}

// send answers with the error. Of what the problem would have had in its
// header, only the challenge is another.
func (e *oauthError) send(c echo.Context) error {
	h := c.Response().Header()
	h.Del(echo.HeaderWWWAuthenticate)
	if e.challenge != "" {
		h.Set(echo.HeaderWWWAuthenticate, e.challenge)
	}
	private(c)
	h.Set("Pragma", "no-cache")
	return c.JSON(e.status, e.body())
}

// body returns what is sent. RFC 6749 §5.2 allows a description neither
// quotation marks nor anything outside of printable ASCII.
func (e *oauthError) body() OAuthError {
	return OAuthError{Error: e.code, ErrorDescription: strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, e.description)}
}
