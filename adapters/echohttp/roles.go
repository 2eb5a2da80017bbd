package echohttp

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/domain"
)

// listRoles answers all roles on one page: there are few, and whoever assigns
// them wants to see them all.
func (a *api) listRoles(c echo.Context) error {
	roles, err := a.Roles.List(c.Request().Context())
	if err != nil {
		return err
	}
	body := listBody[Role]{Items: make([]Role, 0, len(roles))}
	for _, r := range roles {
		body.Items = append(body.Items, wireRole(r))
	}
	return c.JSON(http.StatusOK, body)
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
