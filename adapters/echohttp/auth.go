package echohttp

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// login takes the password flow's form or the same two members as JSON; the
// form's other fields are accepted and ignored.
func (a *api) login(c echo.Context) error {
	private(c)
	body, err := decodeFormOrJSON(c, func(form url.Values) LoginRequest {
		return LoginRequest{Username: form.Get("username"), Password: form.Get("password")}
	})
	if err != nil {
		return err
	}
	if err := required([2]string{"username", body.Username}, [2]string{"password", body.Password}); err != nil {
		return err
	}
	password, err := domain.ParsePassword("password", body.Password)
	if err != nil {
		return err
	}
	tokens, err := a.Authenticate.Do(c.Request().Context(), application.Login{Username: body.Username, Password: password})
	if err != nil {
		return err
	}
	return a.answerTokens(c, tokens)
}

func (a *api) refresh(c echo.Context) error {
	private(c)
	token, err := a.refreshToken(c)
	if err != nil {
		return err
	}
	if err := required([2]string{"refresh_token", token}); err != nil {
		return err
	}
	tokens, err := a.Refresh.Do(c.Request().Context(), token)
	if err != nil {
		return err
	}
	return a.answerTokens(c, tokens)
}

// refreshToken reads the token from the body, or where that is switched on
// from the query, as older clients send it.
func (a *api) refreshToken(c echo.Context) (string, error) {
	token, err := bodyRefreshToken(c)
	if err != nil || !a.config.QueryRefresh {
		return token, err
	}
	fromQuery, err := queryParameter(c, "refresh_token")
	if err != nil || fromQuery == "" {
		return token, err
	}
	if token != "" {
		return "", domain.Invalid("refresh_token", "is given more than once")
	}
	c.Response().Header().Set("Deprecation", "true")
	return fromQuery, nil
}

// bodyRefreshToken returns the token of the body, or nothing without a body:
// clients name a type also where they send nothing of it.
func bodyRefreshToken(c echo.Context) (string, error) {
	empty, err := hasNoBody(c)
	if err != nil || empty {
		return "", err
	}
	body, err := decodeFormOrJSON(c, func(form url.Values) RefreshRequest {
		return RefreshRequest{RefreshToken: form.Get("refresh_token")}
	})
	return body.RefreshToken, err
}

// answerTokens says how long the tokens last, in whole seconds: an access token
// from the second in which it was minted, to which its exp was cut.
func (a *api) answerTokens(c echo.Context, tokens domain.Tokens) error {
	return answer(c, http.StatusOK, &TokenPair{
		AccessToken:      tokens.Access.Reveal(),
		RefreshToken:     tokens.Refresh.Reveal(),
		TokenType:        TokenPairTokenTypeBearer,
		ExpiresIn:        accessLife(tokens.AccessExpiresAt, tokens.IssuedAt),
		RefreshExpiresIn: refreshLife(tokens.RefreshExpiresAt, tokens.IssuedAt),
	})
}

// accessLife is the seconds that an access token lasts, and refreshLife those
// of a refresh token.
func accessLife(expires, now time.Time) int {
	return int(expires.Sub(now.Truncate(time.Second)) / time.Second)
}

func refreshLife(expires, now time.Time) int { return int(expires.Sub(now) / time.Second) }

// logout takes a refresh token in the body, or else the bearer token of the session.
func (a *api) logout(c echo.Context) error {
	private(c)
	ctx := c.Request().Context()
	token, err := bodyRefreshToken(c)
	if err != nil {
		return err
	}
	if token != "" {
		if err := a.Logout.ByRefreshToken(ctx, token); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
	credential, err := presented(c)
	switch {
	case err != nil:
		return err
	case credential.bearer == "":
		return domain.ErrNotAuthenticated
	}
	if err := a.Logout.ByAccessToken(ctx, credential.bearer); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) logoutAll(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	if err := a.Logout.Everywhere(c.Request().Context(), user.ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) register(c echo.Context) error {
	private(c)
	if !a.Register.Open { // whatever is sent
		return application.ErrRegistrationClosed
	}
	body, err := decodeJSON[RegisterRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"email", body.Email}, [2]string{"password", body.Password}); err != nil {
		return err
	}
	email, err := domain.ParseEmail(body.Email)
	if err != nil {
		return err
	}
	password, err := domain.ParsePassword("password", body.Password)
	if err != nil {
		return err
	}
	name, err := domain.ParseName("name", body.Name)
	if err != nil {
		return err
	}
	if err := a.Register.Do(c.Request().Context(), application.Registration{Email: email, Password: password, Name: name}); err != nil {
		return err
	}
	return accepted(c)
}

func (a *api) changePassword(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[ChangePasswordRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"current_password", body.CurrentPassword}, [2]string{"new_password", body.NewPassword}); err != nil {
		return err
	}
	current, err := domain.ParsePassword("current_password", body.CurrentPassword)
	if err != nil {
		return err
	}
	chosen, err := domain.ParsePassword("new_password", body.NewPassword)
	if err != nil {
		return err
	}
	tokens, err := a.ChangePassword.Do(c.Request().Context(), user, current, chosen)
	if err != nil {
		return err
	}
	return a.answerTokens(c, tokens)
}

// authorize answers a question about the caller, or about a token.
func (a *api) authorize(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[AuthorizeRequest](c)
	if err != nil {
		return err
	}
	question, err := questionOf(body)
	if err != nil {
		return err
	}
	decision, err := a.Authorize.Decide(c.Request().Context(), caller, question)
	if err != nil {
		return err
	}
	return answerText(c, http.StatusOK, appendDecision(make([]byte, 0, 512), decision))
}

// questionOf reads a question. What is there and empty is domain.ErrInvalid:
// whoever asks about a token that went missing must not hear of the caller.
func questionOf(body AuthorizeRequest) (q application.Question, err error) {
	if body.Token != nil {
		if q.Token = *body.Token; q.Token == "" {
			return q, domain.Invalid("token", "must not be empty; leave it out to ask about the caller")
		}
	}
	if body.Permission != nil {
		if q.Required.Permission, err = domain.ParsePermission("permission", *body.Permission); err != nil {
			return q, err
		}
	}
	if body.AnyRole != nil && (len(body.AnyRole) == 0 || len(body.AnyRole) > domain.MaxRoles) {
		return q, domain.Invalid("any_role", fmt.Sprintf("must name 1 to %d roles", domain.MaxRoles))
	}
	q.Required.AnyRole, err = parseRoles("any_role", body.AnyRole)
	return q, err
}

func parseRoles(field string, names []string) ([]domain.RoleName, error) {
	roles := make([]domain.RoleName, 0, len(names))
	for _, n := range names {
		role, err := domain.ParseRoleName(field, n)
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	return roles, nil
}
