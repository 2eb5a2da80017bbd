package echohttp

import (
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Guards let a request pass, or answer it. Each is a middleware for single
// routes and for whole groups, on this server or on a team's own Echo.
//
// Every guard asks for the caller's state as it is now: a revocation counts on
// the next request.
type Guards struct {
	authorize *application.Authorize
}

// NewGuards returns guards that ask authorize.
func NewGuards(authorize *application.Authorize) *Guards { return &Guards{authorize} }

// RequireUser lets users pass, with any role or none.
func (g *Guards) RequireUser() echo.MiddlewareFunc {
	return g.require(callers{users: true}, application.Requirement{})
}

// RequireRole lets users pass who hold at least one of the roles. It panics
// when none is named: a list that is empty by mistake must not open a route.
func (g *Guards) RequireRole(roles ...domain.RoleName) echo.MiddlewareFunc {
	if len(roles) == 0 {
		panic("echohttp: RequireRole without a role; RequireUser lets every user pass")
	}
	return g.require(callers{users: true}, application.Requirement{AnyRole: roles})
}

// RequirePermission lets users and services (X-API-Key) pass who have the
// permission. It panics when that is empty.
func (g *Guards) RequirePermission(permission domain.Permission) echo.MiddlewareFunc {
	mustName(permission)
	return g.require(callers{users: true, services: true}, application.Requirement{Permission: permission})
}

// RequireAPIKey lets services pass that present a valid X-API-Key, or an access
// token that one obtained, and have every one of the permissions; with none
// named, every service. It panics when one is empty.
func (g *Guards) RequireAPIKey(permissions ...domain.Permission) echo.MiddlewareFunc {
	mustName(permissions...)
	if len(permissions) == 0 {
		return g.require(callers{services: true}, application.Requirement{})
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		for _, p := range permissions {
			next = g.require(callers{services: true}, application.Requirement{Permission: p})(next)
		}
		return next
	}
}

// mustName panics when a permission is empty: in a Requirement that asks for nothing.
func mustName(permissions ...domain.Permission) {
	if slices.Contains(permissions, "") {
		panic("echohttp: a guard with an empty permission would let everybody pass")
	}
}

// requireCaller lets any authenticated caller pass.
func (g *Guards) requireCaller() echo.MiddlewareFunc {
	return g.require(callers{users: true, services: true}, application.Requirement{})
}

// callers says who a route is for.
type callers struct{ users, services bool }

func (g *Guards) require(who callers, required application.Requirement) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			x := exchangeOf(c.Request().Context())
			if x == nil { // a team's own Echo, without our edge
				x = begin(c)
			}
			private(c)
			if x.principal.Subject == "" { // no outer guard has asked yet
				principal, err := g.identify(c, x)
				if err != nil {
					return err
				}
				x.principal = principal
			}
			if err := g.permit(x, who, required); err != nil {
				return err
			}
			return next(c)
		}
	}
}

func (g *Guards) permit(x *exchange, who callers, required application.Requirement) error {
	user := x.principal.Kind == domain.PrincipalUser
	if user && !who.users || !user && !who.services {
		return domain.ErrInsufficientPermissions
	}
	return g.authorize.Permit(x, x.principal, required)
}

// identify returns who the one credential of the request speaks for.
func (g *Guards) identify(c echo.Context, x *exchange) (domain.Principal, error) {
	credential, err := presented(c)
	switch {
	case err != nil:
		return domain.Principal{}, err
	case credential.apiKey != "":
		return g.authorize.APIKey(x, credential.apiKey)
	case credential.bearer != "":
		return g.authorize.Bearer(x, credential.bearer)
	}
	return domain.Principal{}, domain.ErrNotAuthenticated
}

// credential is what a request presents; at most one member is set.
type credential struct{ bearer, apiKey string }

// presented reads the credential of a request. Two credentials, or a scheme
// that isn't Bearer, are domain.ErrInvalidToken: which one counts is nothing
// to guess about.
func presented(c echo.Context) (credential, error) {
	header := c.Request().Header
	authorization, keys := header["Authorization"], header["X-Api-Key"]
	switch {
	case len(authorization)+len(keys) == 0:
		return credential{}, nil
	case len(authorization)+len(keys) > 1:
		return credential{}, domain.ErrInvalidToken
	case len(keys) == 1:
		if keys[0] == "" {
			return credential{}, domain.ErrInvalidAPIKey
		}
		return credential{apiKey: keys[0]}, nil
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return credential{}, domain.ErrInvalidToken
	}
	return credential{bearer: token}, nil
}

// CurrentPrincipal returns the caller that a guard let pass.
// domain.ErrNotAuthenticated on a route without a guard.
func CurrentPrincipal(c echo.Context) (domain.Principal, error) {
	x := exchangeOf(c.Request().Context())
	if x == nil || x.principal.Subject == "" {
		return domain.Principal{}, domain.ErrNotAuthenticated
	}
	return x.principal, nil
}

// CurrentUser returns the user that a guard let pass, as the account is now.
// domain.ErrNotAuthenticated on a route without a guard,
// domain.ErrInsufficientPermissions when the caller is a service.
func CurrentUser(c echo.Context) (domain.User, error) {
	principal, err := CurrentPrincipal(c)
	if err != nil {
		return domain.User{}, err
	}
	if principal.User == nil {
		return domain.User{}, domain.ErrInsufficientPermissions
	}
	return *principal.User, nil
}
