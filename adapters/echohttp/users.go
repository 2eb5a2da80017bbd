package echohttp

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func (a *api) readMe(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	return answerUser(c, http.StatusOK, user)
}

func (a *api) updateMe(c echo.Context) error {
	user, err := CurrentUser(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[UpdateMeRequest](c)
	if err != nil {
		return err
	}
	if body.Name != nil {
		if *body.Name, err = domain.ParseName("name", *body.Name); err != nil {
			return err
		}
	}
	if user, err = a.Users.UpdateOwn(c.Request().Context(), user.ID, body.Name, precondition(c)); err != nil {
		return err
	}
	return answerUser(c, http.StatusOK, user)
}

func (a *api) listUsers(c echo.Context) error {
	filter, err := userFilter(c)
	if err != nil {
		return err
	}
	list := "users?" + c.QueryParam("email") + "&" + c.QueryParam("role") + "&" + c.QueryParam("is_active")
	page, err := pageOf[domain.UserID](a.cursors, c, list)
	if err != nil {
		return err
	}
	users, err := a.Users.List(c.Request().Context(), filter, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(a.cursors, list, page, users, func(u domain.User) domain.UserID { return u.ID }, wireUser))
}

func userFilter(c echo.Context) (application.UserFilter, error) {
	var filter application.UserFilter
	prefix, err := queryParameter(c, "email")
	if err != nil {
		return filter, err
	}
	filter.EmailPrefix = domain.EmailPrefix(prefix)
	role, err := queryParameter(c, "role")
	if err != nil {
		return filter, err
	}
	if role != "" {
		if filter.Role, err = domain.ParseRoleName("role", role); err != nil {
			return filter, err
		}
	}
	active, err := queryParameter(c, "is_active")
	if err != nil {
		return filter, err
	}
	if active != "" {
		value, err := strconv.ParseBool(active)
		if err != nil || active != "true" && active != "false" {
			return filter, domain.Invalid("is_active", "must be true or false")
		}
		filter.Active = &value
	}
	return filter, nil
}

func (a *api) createUser(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[CreateUserRequest](c)
	if err != nil {
		return err
	}
	if err := required([2]string{"email", body.Email}); err != nil {
		return err
	}
	n, err := a.newUser(body)
	if err != nil {
		return err
	}
	user, err := a.Users.Create(c.Request().Context(), caller, n)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/users/"+string(user.ID))
	return answerUser(c, http.StatusCreated, user)
}

func (a *api) newUser(body CreateUserRequest) (n application.NewUser, err error) {
	if n.Email, err = domain.ParseEmail(body.Email); err != nil {
		return n, err
	}
	if n.Name, err = domain.ParseName("name", body.Name); err != nil {
		return n, err
	}
	if n.Roles, err = parseRoles("roles", body.Roles); err != nil {
		return n, err
	}
	n.Verified = body.EmailVerified
	switch {
	case body.Password != "" && body.PasswordHash != "":
		return n, domain.Invalid("password_hash", "must not come together with a password")
	case body.Password != "":
		n.Password, err = domain.ParsePassword("password", body.Password)
	case body.PasswordHash != "":
		n.Hash = domain.NewPasswordHash(body.PasswordHash)
	default:
		return n, domain.Invalid("password", "is required, or a password_hash in its place")
	}
	return n, err
}

func (a *api) readUser(c echo.Context) error {
	id, err := domain.ParseID[domain.UserID](c.Param("id"))
	if err != nil {
		return err
	}
	user, err := a.Users.User(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return answerUser(c, http.StatusOK, user)
}

func (a *api) updateUser(c echo.Context) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[UpdateUserRequest](c)
	if err != nil {
		return err
	}
	changes := application.UserChanges{Active: body.IsActive}
	if body.Name != nil {
		name, err := domain.ParseName("name", *body.Name)
		if err != nil {
			return err
		}
		changes.Name = &name
	}
	if body.Email != nil {
		email, err := domain.ParseEmail(*body.Email)
		if err != nil {
			return err
		}
		changes.Email = &email
	}
	user, err := a.Users.Update(c.Request().Context(), t.caller, t.id, changes, t.precondition)
	if err != nil {
		return err
	}
	return answerUser(c, http.StatusOK, user)
}

func (a *api) deleteUser(c echo.Context) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if err := a.Users.Delete(c.Request().Context(), t.caller, t.id, t.precondition); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (a *api) setUserRoles(c echo.Context) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	body, err := decodeJSON[SetUserRolesRequest](c)
	if err != nil {
		return err
	}
	if body.Roles == nil {
		return domain.Invalid("roles", "is required")
	}
	roles, err := parseRoles("roles", body.Roles)
	if err != nil {
		return err
	}
	user, err := a.Users.SetRoles(c.Request().Context(), t.caller, t.id, roles, t.precondition)
	if err != nil {
		return err
	}
	return answerUser(c, http.StatusOK, user)
}
