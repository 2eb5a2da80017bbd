package echohttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// mountForward mounts the question that proxies ask for their clients: nginx
// with auth_request, Caddy with forward_auth, Traefik with ForwardAuth.
func (a *api) mountForward(e *echo.Echo, g *Guards) {
	e.GET("/auth/forward", a.forward, noteForwarded, g.requireCaller())
}

// forward lets a proxy's client pass, or not. The identity headers come with
// 200 alone, and always all three, so that a proxy that copies them replaces
// whatever its client sent under those names.
func (a *api) forward(c echo.Context) error {
	caller, err := CurrentPrincipal(c)
	if err != nil {
		return err
	}
	// Of a query that is not valid, net/url gives what it understands: less
	// would be asked than was meant.
	query, err := url.ParseQuery(c.QueryString())
	if err != nil {
		return domain.Invalid("query", "is not a valid query; separate parameters by &")
	}
	required, err := forwardRequirement(query)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := a.Authorize.Permit(ctx, caller, required); err != nil {
		return err
	}
	a.Authorize.Granted(ctx, caller)
	h := c.Response().Header()
	h.Set("X-Auth-Subject", caller.Subject)
	h.Set("X-Auth-Email", provedEmail(caller))
	h.Set("X-Auth-Roles", strings.Join(texts(caller.Roles), ","))
	return c.NoContent(http.StatusOK)
}

// provedEmail returns the caller's address, if they proved that it is theirs.
func provedEmail(caller domain.Principal) string {
	if caller.User == nil || !caller.User.EmailVerified() {
		return ""
	}
	return caller.User.Email.String()
}

// forwardRequirement reads the question. A parameter that is not known is
// refused: a typo must not let anybody pass.
func forwardRequirement(query url.Values) (required application.Requirement, err error) {
	for name, values := range query {
		switch name {
		case "role":
			if required.AnyRole, err = parseRoles("role", values); err != nil {
				return required, err
			}
		case "permission":
			if len(values) > 1 {
				return required, domain.Invalid("permission", "is given more than once")
			}
			if required.Permission, err = domain.ParsePermission("permission", values[0]); err != nil {
				return required, err
			}
		default:
			return required, domain.Invalid("query", "takes role and permission alone")
		}
	}
	return required, nil
}

// noteForwarded keeps, for the log, which request the proxy asks about. Its
// query is left out: it may hold a secret.
func noteForwarded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		method := firstOf(h, "X-Forwarded-Method", "X-Original-Method")
		path, _, _ := strings.Cut(firstOf(h, "X-Forwarded-Uri", "X-Original-Uri"), "?")
		if asked := strings.TrimSpace(method + " " + path); asked != "" {
			exchangeOf(c.Request().Context()).origin.Asked = truncate(strings.ToValidUTF8(asked, "\uFFFD"), domain.MaxUserAgentBytes)
		}
		return next(c)
	}
}

func firstOf(h http.Header, names ...string) string {
	for _, name := range names {
		if value := h.Get(name); value != "" {
			return value
		}
	}
	return ""
}
