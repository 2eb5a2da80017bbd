package echohttp

import (
	"errors"
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

func (a *api) putRole(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	name, err := domain.ParseRoleName("name", c.Param("name"))
	if err != nil {
		return err
	}
	unmodified, err := ifMatch(c)
	if err != nil {
		return err
	}
	if err := a.matchesAny(c, name); err != nil {
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
	role, created, err := a.Roles.Put(c.Request().Context(), caller, domain.Role{Name: name, Description: description, Permissions: permissions}, unmodified)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		c.Response().Header().Set(echo.HeaderLocation, "/roles/"+string(name))
	}
	setETag(c, role.UpdatedAt)
	return c.JSON(status, wireRole(role))
}

// matchesAny holds that If-Match: * names something that is there (RFC 9110
// §13.1.1): domain.ErrPreconditionFailed.
func (a *api) matchesAny(c echo.Context, name domain.RoleName) error {
	if c.Request().Header.Get("If-Match") != "*" {
		return nil
	}
	_, err := a.Roles.Role(c.Request().Context(), name)
	if errors.Is(err, domain.ErrRoleNotFound) {
		return domain.ErrPreconditionFailed
	}
	return err
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
	unmodified, err := ifMatch(c)
	if err != nil {
		return err
	}
	if err := a.Roles.Delete(c.Request().Context(), caller, name, unmodified); err != nil {
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
