package echohttp

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// oauthRequest is a form with the client that it names.
type oauthRequest struct {
	form   url.Values
	method clientAuth
	client application.Client
}

// clientAuth says how a client authenticates (RFC 6749 §2.3).
type clientAuth int

const (
	clientAuthNone  clientAuth = iota // no secret: a client that keeps none, or none at all
	clientAuthBasic                   // client_secret_basic
	clientAuthPost                    // client_secret_post
)

// readOAuthRequest reads a form as strictly as any body, and the client's
// credentials in one of the two places. Two ways at once are invalid_request
// (RFC 6749 §2.3); nothing is ever read from the query.
func readOAuthRequest(c echo.Context) (oauthRequest, error) {
	form, err := decodeFormOrNothing(c)
	if err != nil {
		return oauthRequest{}, err
	}
	r := oauthRequest{form: form}
	headers := c.Request().Header["Authorization"]
	if len(headers) > 1 {
		return oauthRequest{}, oauthInvalidRequest("there are two Authorization headers")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if len(headers) == 0 || !hasScheme(headers[0], "basic") {
		r.client = application.Client{ID: id, Secret: domain.NewSecret(secret)}
		if secret != "" {
			r.method = clientAuthPost
			if len(headers) == 1 {
				return oauthRequest{}, errOAuthTwoCredentials
			}
		}
		return r, nil
	}
	if r.client, err = parseBasic(headers[0]); err != nil {
		return oauthRequest{}, err
	}
	if secret != "" || id != "" && id != r.client.ID {
		return oauthRequest{}, errOAuthTwoCredentials
	}
	if !r.client.Secret.IsZero() {
		r.method = clientAuthBasic
	}
	return r, nil
}

// decodeFormOrNothing reads a form; no body at all is an empty one.
func decodeFormOrNothing(c echo.Context) (url.Values, error) {
	media, err := mediaType(c)
	if err != nil {
		return nil, err
	}
	if media == formType {
		return decodeForm(c)
	}
	body, err := readBody(c)
	if err != nil {
		return nil, err
	}
	if media != "" || len(body) > 0 {
		return nil, echo.ErrUnsupportedMediaType
	}
	return url.Values{}, nil
}

func hasScheme(authorization, scheme string) bool {
	name, _, _ := strings.Cut(authorization, " ")
	return strings.EqualFold(name, scheme)
}

// parseBasic reads RFC 7617 credentials, each of which is form-encoded inside
// (RFC 6749 §2.3.1).
func parseBasic(header string) (application.Client, error) {
	_, encoded, _ := strings.Cut(header, " ")
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return application.Client{}, errOAuthInvalidClient
	}
	id, secret, ok := strings.Cut(string(text), ":")
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	if !ok || idErr != nil || secretErr != nil {
		return application.Client{}, errOAuthInvalidClient
	}
	return application.Client{ID: id, Secret: domain.NewSecret(secret)}, nil
}

// oauthOptionalClient authenticates a client that says it can be, where none
// has to.
func (a *api) oauthOptionalClient(c echo.Context, r oauthRequest) error {
	if r.method == clientAuthNone {
		if headers := c.Request().Header["Authorization"]; len(headers) > 0 && !hasScheme(headers[0], "basic") {
			return errOAuthInvalidClient // a way of authenticating that is none here
		}
		return nil
	}
	_, err := a.Authorize.Client(c.Request().Context(), r.client)
	return err
}

// oauthCaller returns who asks: a service by its API key in any of three ways,
// or the bearer of an access token (RFC 7662 §2.1).
func (a *api) oauthCaller(c echo.Context, r oauthRequest) (domain.Principal, error) {
	ctx := c.Request().Context()
	header := c.Request().Header
	if r.method != clientAuthNone {
		if len(header["X-Api-Key"]) > 0 {
			return domain.Principal{}, errOAuthTwoCredentials
		}
		key, err := a.Authorize.Client(ctx, r.client)
		if err != nil {
			return domain.Principal{}, err
		}
		return key.Service(), nil
	}
	if len(header["Authorization"])+len(header["X-Api-Key"]) > 1 {
		return domain.Principal{}, errOAuthTwoCredentials
	}
	credential, err := presented(c)
	switch {
	case errors.Is(err, domain.ErrInvalidToken): // a scheme that is neither Basic nor Bearer
		return domain.Principal{}, errOAuthInvalidClient
	case err != nil:
		return domain.Principal{}, err
	case credential.apiKey != "":
		return a.Authorize.APIKey(ctx, credential.apiKey)
	case credential.bearer != "":
		return a.Authorize.Bearer(ctx, credential.bearer)
	}
	return domain.Principal{}, errOAuthInvalidClient
}
