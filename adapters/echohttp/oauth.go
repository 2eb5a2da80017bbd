package echohttp

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// The paths of OAuth 2.0. Below oauthPrefix errors are those of RFC 6749.
const (
	oauthPrefix         = "/oauth/"
	oauthTokenPath      = oauthPrefix + "token"
	oauthIntrospectPath = oauthPrefix + "introspect"
	oauthRevokePath     = oauthPrefix + "revoke"
	oauthMetadataPath   = "/.well-known/oauth-authorization-server"
	jwksPath            = "/.well-known/jwks.json"
)

func (a *api) mountOAuth(e *echo.Echo) {
	e.POST(oauthTokenPath, a.oauthToken, oauthAnswer)
	e.POST(oauthIntrospectPath, a.oauthIntrospect, oauthAnswer)
	e.POST(oauthRevokePath, a.oauthRevoke, oauthAnswer)
	publish(e, oauthMetadataPath, a.oauthMetadata())
}

// oauthAnswer keeps answers with tokens out of every cache (RFC 6749 §5.1).
func oauthAnswer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		private(c)
		c.Response().Header().Set("Pragma", "no-cache")
		return next(c)
	}
}

// oauthToken is the token endpoint (RFC 6749 §3.2).
func (a *api) oauthToken(c echo.Context) error {
	r, err := readOAuthRequest(c)
	if err != nil {
		return err
	}
	switch r.form.Get("grant_type") {
	case "":
		return oauthInvalidRequest("grant_type is missing")
	case "refresh_token":
		return a.refreshGrant(c, r)
	case "client_credentials":
		return a.clientCredentialsGrant(c, r)
	}
	return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "grant_type must be refresh_token or client_credentials", ""}
}

// refreshGrant is RFC 6749 §6. Sessions belong to no client, so none has to
// authenticate; one that does must be right.
func (a *api) refreshGrant(c echo.Context, r oauthRequest) error {
	if err := a.oauthOptionalClient(c, r); err != nil {
		return err
	}
	token := r.form.Get("refresh_token")
	if token == "" {
		return oauthInvalidRequest("refresh_token is missing")
	}
	if r.form.Get("scope") != "" {
		return domain.ErrInvalidScope // a session's tokens have none, and §6 allows no more
	}
	tokens, err := a.Refresh.Do(c.Request().Context(), token)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, OAuthTokens{
		AccessToken: tokens.Access.Reveal(), TokenType: application.TokenTypeBearer,
		ExpiresIn:    accessLife(tokens.AccessExpiresAt, tokens.IssuedAt),
		RefreshToken: tokens.Refresh.Reveal(), RefreshExpiresIn: refreshLife(tokens.RefreshExpiresAt, tokens.IssuedAt),
	})
}

// clientCredentialsGrant is RFC 6749 §4.4.
func (a *api) clientCredentialsGrant(c echo.Context, r oauthRequest) error {
	if r.method == clientAuthNone {
		return errOAuthInvalidClient
	}
	token, err := a.ClientCredentials.Do(c.Request().Context(), r.client, r.form.Get("scope"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, OAuthTokens{
		AccessToken: token.Access.Reveal(), TokenType: application.TokenTypeBearer,
		ExpiresIn: accessLife(token.ExpiresAt, token.IssuedAt),
		Scope:     token.Scope.Scope(),
	})
}

// oauthIntrospect is RFC 7662.
func (a *api) oauthIntrospect(c echo.Context) error {
	r, err := readOAuthRequest(c)
	if err != nil {
		return err
	}
	caller, err := a.oauthCaller(c, r)
	if err != nil {
		return err
	}
	token := r.form.Get("token")
	if token == "" {
		return oauthInvalidRequest("token is missing")
	}
	found, err := a.Introspect.Do(c.Request().Context(), caller, token)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, wireIntrospection(found))
}

// oauthRevoke is RFC 7009.
func (a *api) oauthRevoke(c echo.Context) error {
	r, err := readOAuthRequest(c)
	if err != nil {
		return err
	}
	if err := a.oauthOptionalClient(c, r); err != nil {
		return err
	}
	token := r.form.Get("token")
	if token == "" {
		return oauthInvalidRequest("token is missing")
	}
	if err := a.RevokeToken.Do(c.Request().Context(), token); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// oauthMetadata is RFC 8414: it names just what works.
func (a *api) oauthMetadata() echo.HandlerFunc {
	base := strings.TrimSuffix(a.config.Issuer, "/")
	metadata := AuthorizationServerMetadata{
		Issuer:                                    a.config.Issuer,
		TokenEndpoint:                             base + oauthTokenPath,
		TokenEndpointAuthMethodsSupported:         []string{"client_secret_basic", "client_secret_post", "none"},
		GrantTypesSupported:                       []string{"client_credentials", "refresh_token"},
		ResponseTypesSupported:                    []string{}, // required, and there is no authorization endpoint
		IntrospectionEndpoint:                     base + oauthIntrospectPath,
		IntrospectionEndpointAuthMethodsSupported: []string{"client_secret_basic", "client_secret_post", application.TokenTypeBearer},
		RevocationEndpoint:                        base + oauthRevokePath,
		RevocationEndpointAuthMethodsSupported:    []string{"client_secret_basic", "client_secret_post", "none"},
		JwksURI:                                   base + jwksPath,
	}
	if a.config.Docs {
		metadata.ServiceDocumentation = base + "/docs"
	}
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "public, max-age=300")
		return c.JSON(http.StatusOK, metadata)
	}
}

func wireIntrospection(i application.Introspection) Introspection {
	if !i.Active {
		return Introspection{} // and no more (RFC 7662 §2.2)
	}
	wire := Introspection{
		Active: true, TokenType: i.Type, Iss: i.Issuer, Aud: i.Audience, Jti: i.ID,
		Sub: i.Principal.Subject, Sid: string(i.Principal.Session), ClientID: i.ClientID,
		Iat: i.IssuedAt.Unix(), Exp: i.ExpiresAt.Unix(),
		Scope: i.Principal.Permissions.Scope(), Roles: texts(i.Principal.Roles),
	}
	if i.Principal.User != nil {
		wire.Username = i.Principal.User.Email.String()
	}
	return wire
}
