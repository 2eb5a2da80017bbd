package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

func (a *api) listRoles(c echo.Context) error {
	const list = "roles"
	page, err := pageOf[domain.RoleName](a.cursors, c, list)
	if err != nil {
		return err
	}
	roles, err := a.Roles.List(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(a.cursors, list, page, roles, func(r domain.Role) domain.RoleName { return r.Name }, wireRole))
}

func (a *api) readRole(c echo.Context) error {
	name, err := domain.ParseRoleName("name", c.Param("name"))
	if err != nil {
		return domain.ErrRoleNotFound // no role has such a name
	}
	role, err := a.Roles.Role(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return answerRole(c, http.StatusOK, role)
}

func (a *api) putRole(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	name, err := domain.ParseRoleName("name", c.Param("name"))
	if err != nil {
		return err
	}
	body, err := decodeJSON[PutRoleRequest](c)
	if err != nil {
		return err
	}
	if body.Permissions == nil {
		return domain.Invalid("permissions", "is required")
	}
	permissions, err := parsePermissions(body.Permissions)
	if err != nil {
		return err
	}
	description, err := domain.ParseName("description", body.Description)
	if err != nil {
		return err
	}
	role, created, err := a.Roles.Put(c.Request().Context(), caller, domain.Role{Name: name, Description: description, Permissions: permissions}, precondition(c))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		c.Response().Header().Set(echo.HeaderLocation, "/roles/"+string(name))
	}
	return answerRole(c, status, role)
}

func (a *api) deleteRole(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	name, err := domain.ParseRoleName("name", c.Param("name"))
	if err != nil {
		return domain.ErrRoleNotFound // no role has such a name
	}
	if err := a.Roles.Delete(c.Request().Context(), caller, name, precondition(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func parsePermissions(names []string) (domain.Permissions, error) {
	permissions := make([]domain.Permission, 0, len(names))
	for _, n := range names {
		p, err := domain.ParsePermission("permissions", n)
		if err != nil {
			return nil, err
		}
		permissions = append(permissions, p)
	}
	return domain.NewPermissions(permissions...), nil
}
