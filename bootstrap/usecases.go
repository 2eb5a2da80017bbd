package bootstrap

import (
	"runtime"
	"strings"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/adapters/bcrypthash"
	"github.com/sallyport-auth/sallyport/adapters/cli"
	"github.com/sallyport-auth/sallyport/adapters/commonpasswords"
	"github.com/sallyport-auth/sallyport/adapters/echohttp"
	"github.com/sallyport-auth/sallyport/adapters/envelope"
	"github.com/sallyport-auth/sallyport/adapters/hashqueue"
	"github.com/sallyport-auth/sallyport/adapters/jwttoken"
	"github.com/sallyport-auth/sallyport/adapters/prommetrics"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// useCases provides the use cases, made of whatever ports the graph holds.
var useCases = fx.Options(
	fx.Provide(
		func(s application.Storage) application.Store { return s },
		newState,
		newLastUsed,
		application.NewAuditTrail,
		fx.Annotate(newRecorder, fx.ParamTags(`group:"recorders"`)),
		newJournal,
		newLimiterKey,
		newThrottle,
		newGrants,
		newPolicy,
		newAuthenticate,
		newRefresh,
		newAuthorize,
		newRegister,
		newChangePassword,
		newLogout,
		newUsers,
		newSessions,
		newRoles,
		newAPIKeys,
		newAudit,
		func(t *jwttoken.Tokens) application.KeySet { return t },
	),
	mailing,
	keyLife,
	oauth,
	moving,
	// What the two driving adapters call.
	fx.Provide(newHTTPUseCases, newCommandUseCases),
)

// adapterConfigs provides what each stock adapter is told.
var adapterConfigs = fx.Provide(
	func(s Secrets) envelope.Config { return envelope.Config{Secret: s.Current, Previous: s.Previous} },
	func(c *Configuration, s Secrets) jwttoken.Config {
		return jwttoken.Config{
			Issuer: c.Issuer, Audience: c.Audience, Algorithm: domain.SigningAlgorithm(c.SigningAlg),
			Secret: s.Current, PreviousSecret: s.Previous, Remember: jwttoken.DefaultRemember,
		}
	},
	func(c *Configuration) bcrypthash.Config { return bcrypthash.Config{Cost: c.BcryptCost} },
	func(cores cores) hashqueue.Config {
		return hashqueue.Config{Workers: hashqueue.Workers(int(cores)), Deadline: 2 * time.Second}
	},
	func(c *Configuration, s Secrets) echohttp.Config {
		return echohttp.Config{
			Issuer: c.Issuer,
			Secret: s.Current, QueryRefresh: c.queryRefresh(), Docs: c.Docs == on,
			HSTS:           strings.HasPrefix(strings.ToLower(c.Issuer), "https://"),
			TrustedProxies: c.TrustedProxies, CORSOrigins: c.CORSOrigins,
		}
	},
	func(b cli.Build) prommetrics.Config {
		return prommetrics.Config{Version: b.Version, Commit: b.Commit, Go: b.Go}
	},
)

// cores is how many processors this process may use at once.
type cores int

// countCores is asked once, before serve raises GOMAXPROCS above it.
func countCores() cores { return cores(runtime.GOMAXPROCS(0)) }

func newRecorder(sinks []application.Recorder) application.Recorder {
	return application.Recorders(sinks)
}

func newJournal(store application.Store, recorder application.Recorder, clock application.Clock, ids application.IDs, trail *application.AuditTrail, sealer application.Sealer) application.Journal {
	return application.Journal{
		Store: store, Recorder: recorder, Clock: clock, IDs: ids, Trail: trail,
		StrangerKey: &application.KeptKey{Name: "audit", Store: store, Sealer: sealer},
	}
}

func newGrants(c *Configuration, signer application.TokenSigner, ids application.IDs) application.Grants {
	return application.Grants{
		Signer: signer, IDs: ids, Lifetimes: c.lifetimes(),
		Rotation: c.RefreshRotation == on, Grace: c.RefreshGrace,
	}
}

func newPolicy(c *Configuration) domain.PasswordPolicy {
	return domain.PasswordPolicy{MinLength: c.PasswordMinLength, IsCommon: commonpasswords.Contains}
}

func newAuthenticate(c *Configuration, j application.Journal, g application.Grants, h application.PasswordHasher, q application.HashingQueue, t application.Throttle) *application.Authenticate {
	return &application.Authenticate{Journal: j, Grants: g, Hasher: h, Queue: q, Throttle: t, VerifiedOnly: c.EmailVerification == "required"}
}

func newRefresh(j application.Journal, g application.Grants, v application.TokenVerifier, t application.Throttle) *application.Refresh {
	return &application.Refresh{Journal: j, Grants: g, Verifier: v, Throttle: t}
}

func newAuthorize(j application.Journal, v application.TokenVerifier, s application.StateReader, t application.Throttle, u *application.LastUsed) *application.Authorize {
	return &application.Authorize{Journal: j, Verifier: v, State: s, Throttle: t, LastUsed: u}
}

func newLastUsed(store application.Store, log *zap.Logger) *application.LastUsed {
	return &application.LastUsed{
		Store: store, Failed: func(err error) { log.Warn("the last use of API keys was not stored", zap.Error(err)) },
	}
}

func newRegister(c *Configuration, j application.Journal, h application.PasswordHasher, q application.HashingQueue, p domain.PasswordPolicy, t application.Throttle, o *application.Outbox) *application.Register {
	return &application.Register{Journal: j, Hasher: h, Queue: q, Policy: p, Throttle: t, Outbox: o, Open: c.Registration == "open"}
}

func newChangePassword(j application.Journal, g application.Grants, h application.PasswordHasher, q application.HashingQueue, p domain.PasswordPolicy, t application.Throttle) *application.ChangePassword {
	return &application.ChangePassword{Journal: j, Grants: g, Hasher: h, Queue: q, Policy: p, Throttle: t}
}

func newLogout(j application.Journal, v application.TokenVerifier) *application.Logout {
	return &application.Logout{Journal: j, Verifier: v}
}

func newUsers(j application.Journal, h application.PasswordHasher, q application.HashingQueue, p domain.PasswordPolicy) *application.Users {
	return &application.Users{Journal: j, Hasher: h, Queue: q, Policy: p}
}

func newSessions(j application.Journal) *application.Sessions {
	return &application.Sessions{Journal: j}
}

func newRoles(j application.Journal) *application.Roles { return &application.Roles{Journal: j} }

func newAudit(s application.Store) *application.Audit { return &application.Audit{Store: s} }

func newAPIKeys(j application.Journal) *application.APIKeys { return &application.APIKeys{Journal: j} }

// httpUseCases is echohttp.UseCases as fx fills it.
type httpUseCases struct {
	fx.In

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
	Mail           *echohttp.MailUseCases

	ClientCredentials *application.ClientCredentials
	Introspect        *application.Introspect
	RevokeToken       *application.RevokeToken
}

func newHTTPUseCases(in httpUseCases) echohttp.UseCases {
	return echohttp.UseCases{
		Authenticate: in.Authenticate, Refresh: in.Refresh, Authorize: in.Authorize, Register: in.Register,
		ChangePassword: in.ChangePassword, Logout: in.Logout, Users: in.Users, Sessions: in.Sessions,
		Roles: in.Roles, APIKeys: in.APIKeys, Audit: in.Audit, Keys: in.Keys, Mail: in.Mail,
		ClientCredentials: in.ClientCredentials, Introspect: in.Introspect, RevokeToken: in.RevokeToken,
	}
}

// commandUseCases is cli.UseCases as fx fills it.
type commandUseCases struct {
	fx.In

	Users   *application.Users
	Roles   *application.Roles
	APIKeys *application.APIKeys
	Keys    *application.Keys
	Rewrap  *application.Rewrap
	Import  *application.Import
	Export  *application.Export
	Clock   application.Clock
}

func newCommandUseCases(in commandUseCases) cli.UseCases {
	return cli.UseCases{
		Users: in.Users, Roles: in.Roles, APIKeys: in.APIKeys, Keys: in.Keys, Rewrap: in.Rewrap,
		Import: in.Import, Export: in.Export, Clock: in.Clock,
	}
}
