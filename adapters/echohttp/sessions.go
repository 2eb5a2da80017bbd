package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

func (a *api) listMySessions(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	return a.answerSessions(c, user.ID)
}

func (a *api) listUserSessions(c echo.Context) error {
	id, err := domain.ParseID[domain.UserID](c.Param("id"))
	if err != nil {
		return err
	}
	return a.answerSessions(c, id)
}

func (a *api) answerSessions(c echo.Context, id domain.UserID) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	list := "sessions of " + string(id)
	page, err := pageOf[domain.SessionID](a.cursors, c, list)
	if err != nil {
		return err
	}
	sessions, err := a.Sessions.List(c.Request().Context(), id, page)
	if err != nil {
		return err
	}
	wire := func(s domain.Session) Session { return wireSession(s, caller.Session) }
	return c.JSON(http.StatusOK, listOf(a.cursors, list, page, sessions, func(s domain.Session) domain.SessionID { return s.ID }, wire))
}

func (a *api) revokeMySession(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	id, err := domain.ParseID[domain.SessionID](c.Param("id"))
	if err != nil {
		return err
	}
	if err := a.Sessions.Revoke(c.Request().Context(), user.ID, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) revokeUserSessions(c echo.Context) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if err := a.Sessions.RevokeAll(c.Request().Context(), t.caller, t.id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
