package echohttp

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Config is what the HTTP API can be told.
type Config struct {
	Issuer         string         // as every token says it; the endpoints' addresses begin with it
	Secret         domain.Secret  // cursors are bound by a key derived from it
	QueryRefresh   bool           // take ?refresh_token= at /auth/refresh, as older clients send it
	Docs           bool           // serve /docs
	HSTS           bool           // the issuer is https
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	CORSOrigins    []string       // whose pages may call; exact, or "*" for any
}

// UseCases is what the API calls.
type UseCases struct {
	Authenticate   *application.Authenticate
	Refresh        *application.Refresh
	Authorize      *application.Authorize
	Register       *application.Register
	ChangePassword *application.ChangePassword
	Logout         *application.Logout
	Users          *application.Users
	Sessions       *application.Sessions
	Roles          *application.Roles
	APIKeys        *application.APIKeys
	Audit          *application.Audit
	Keys           application.KeySet
	Mail           *MailUseCases // nil: no mail can be sent

	ClientCredentials *application.ClientCredentials
	Introspect        *application.Introspect
	RevokeToken       *application.RevokeToken
}

// Routes mounts handlers beside ours. Give them guards where they need them.
type Routes func(e *echo.Echo)

// api is the handlers' receiver.
type api struct {
	UseCases
	config  Config
	cursors cursors
}

// New returns the HTTP API with the routes of others mounted on it.
func New(config Config, uses UseCases, guards *Guards, log *zap.Logger, others ...Routes) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = renderer{log}.handle
	e.IPExtractor = ipExtractor(config.TrustedProxies)
	e.JSONSerializer = strictJSON{}
	e.Use(edge(log, config.HSTS))
	if len(config.CORSOrigins) > 0 {
		e.Use(cors(config.CORSOrigins))
	}
	a := &api{UseCases: uses, config: config, cursors: newCursors(config.Secret)}
	a.mount(e, guards)
	for _, routes := range others {
		routes(e)
	}
	return e
}

// ipExtractor believes X-Forwarded-For of the named proxies alone, and without
// any the peer's address is the client's.
func ipExtractor(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP:   p.Addr().AsSlice(),
			Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// notAllowed answers 405 to methods of a path that would else be those of
// another: "me" is the id of no user.
func notAllowed(e *echo.Echo, path, allow string, methods ...string) {
	e.Match(methods, path, func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAllow, allow)
		return echo.ErrMethodNotAllowed
	})
	e.OPTIONS(path, func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAllow, allow)
		return c.NoContent(http.StatusNoContent)
	})
}

// publish serves what anybody may read and keep: caches and link checkers ask
// for its head alone (RFC 9110 §9.3.2).
func publish(e *echo.Echo, path string, document echo.HandlerFunc) {
	e.Match([]string{http.MethodGet, http.MethodHead}, path, document)
}

// mount is the map of the API: who may call what.
func (a *api) mount(e *echo.Echo, g *Guards) {
	e.POST("/auth/login", a.login)
	e.POST("/auth/refresh", a.refresh)
	e.POST("/auth/logout", a.logout)
	e.POST("/auth/logout-all", a.logoutAll, g.RequireUser())
	e.POST("/auth/register", a.register)
	e.POST("/auth/password/change", a.changePassword, g.RequireUser())
	e.POST("/auth/authorize", a.authorize, g.requireCaller())
	a.mountForward(e, g)

	e.GET("/users/me", a.readMe, g.RequireUser())
	e.PATCH("/users/me", a.updateMe, g.RequireUser())
	e.GET("/users/me/sessions", a.listMySessions, g.RequireUser())
	e.DELETE("/users/me/sessions/:id", a.revokeMySession, g.RequireUser())

	notAllowed(e, "/users/me", "OPTIONS, GET, PATCH", http.MethodDelete)
	notAllowed(e, "/users/me/sessions", "OPTIONS, GET", http.MethodDelete)

	e.GET("/users", a.listUsers, g.RequirePermission(domain.UsersRead))
	e.POST("/users", a.createUser, g.RequirePermission(domain.UsersWrite))
	e.GET("/users/:id", a.readUser, g.RequirePermission(domain.UsersRead))
	e.PATCH("/users/:id", a.updateUser, g.RequirePermission(domain.UsersWrite))
	e.DELETE("/users/:id", a.deleteUser, g.RequirePermission(domain.UsersDelete))
	e.PUT("/users/:id/roles", a.setUserRoles, g.RequirePermission(domain.RolesAssign))
	e.GET("/users/:id/sessions", a.listUserSessions, g.RequirePermission(domain.SessionsRead))
	e.DELETE("/users/:id/sessions", a.revokeUserSessions, g.RequirePermission(domain.SessionsRevoke))

	e.GET("/roles", a.listRoles, g.RequirePermission(domain.RolesRead))
	e.GET("/roles/:name", a.readRole, g.RequirePermission(domain.RolesRead))
	e.PUT("/roles/:name", a.putRole, g.RequirePermission(domain.RolesWrite))
	e.DELETE("/roles/:name", a.deleteRole, g.RequirePermission(domain.RolesWrite))

	e.GET("/api-keys", a.listAPIKeys, g.RequirePermission(domain.APIKeysRead))
	e.POST("/api-keys", a.createAPIKey, g.RequirePermission(domain.APIKeysWrite))
	e.DELETE("/api-keys/:id", a.revokeAPIKey, g.RequirePermission(domain.APIKeysWrite))

	e.GET("/audit-events", a.listAuditEvents, g.RequirePermission(domain.AuditRead))

	a.mountOAuth(e)
	publish(e, jwksPath, a.jwks)
	publish(e, "/openapi.json", serveDocument(document.json, "application/json"))
	publish(e, "/openapi.yaml", serveDocument(document.yaml, "application/yaml"))
	if a.Mail != nil {
		a.mountMail(e, g)
	}
	if a.config.Docs {
		mountDocs(e)
	}
}
