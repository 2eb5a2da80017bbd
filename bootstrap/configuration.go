package bootstrap

import (
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// Configuration is every setting, as kong reads it from flags and environment:
// the field AccessTokenTTL is --access-token-ttl and SALLYPORT_ACCESS_TOKEN_TTL.
// What the values must hold is in rules. A tag "computed" says in words what
// the default is when it is no constant.
type Configuration struct {
	Env     string `group:"Service" default:"development" placeholder:"ENV" help:"development or production. Production refuses to start on any unsafe value."`
	Addr    string `group:"Service" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the API listens."`
	OpsAddr string `group:"Service" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where /livez, /readyz and /metrics are. Empty turns them off."`

	LogLevel  string `group:"Service" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat string `group:"Service" default:"json" placeholder:"FORMAT" help:"json, or console for people."`

	DatabaseURL       domain.Secret `group:"Storage" default:"sqlite:sallyport.db" placeholder:"URL" help:"sqlite:PATH or postgres://USER@HOST/DATABASE. The scheme picks the storage adapter."`
	DatabaseDirectURL domain.Secret `group:"Storage" computed:"the database URL" placeholder:"URL" help:"A line to the same database past PgBouncer, for migrations and the change feed. With it, the database URL is taken to be a pooler's."`
	DatabaseMaxConns  int           `group:"Storage" default:"20" placeholder:"N" help:"How many connections to keep open. 2 to 1000."`
	StateCache        string        `group:"Storage" default:"on" placeholder:"on|off" help:"Remember what sessions and API keys are, as long as the database's change feed says that it is still so. off: ask the database on every request."`

	Secret         domain.Secret `group:"Secrets" computed:"none; in development with SQLite one is made once and kept beside the database, in PATH.secret" placeholder:"TEXT" help:"At least 32 random bytes that every symmetric key is derived from. Others on the machine can read a command line: use the variable or the file."`
	SecretFile     string        `group:"Secrets" placeholder:"PATH" help:"A file to read the secret from, readable by its owner alone."`
	SecretPrevious domain.Secret `group:"Secrets" placeholder:"TEXT" help:"A second secret to accept, while one replaces the other."`

	Issuer            string        `group:"Tokens and sessions" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The iss of every token: the public address of this service. In production it must be https."`
	Audience          string        `group:"Tokens and sessions" default:"sallyport" placeholder:"TEXT" help:"The aud of access tokens."`
	SigningAlg        string        `group:"Tokens and sessions" default:"ES256" placeholder:"ALG" help:"What signs access tokens: ES256, EdDSA, RS256 or HS256."`
	KeyMaxAge         time.Duration `group:"Tokens and sessions" default:"2160h" help:"How long a key signs until the next is published in its place. 0: until somebody asks."`
	AccessTokenTTL    time.Duration `group:"Tokens and sessions" default:"15m" help:"How long an access token lives. 1m to 1h."`
	RefreshTokenTTL   time.Duration `group:"Tokens and sessions" default:"168h" help:"How long a session lives that is not refreshed. From 1s; in production at least the access token's life."`
	SessionTTL        time.Duration `group:"Tokens and sessions" default:"720h" help:"How long a session lives at all. From 1s; in production at least the access token's life."`
	RefreshRotation   string        `group:"Tokens and sessions" default:"on" placeholder:"on|off" help:"A new refresh token with each refresh; off: one for the whole session."`
	RefreshGrace      time.Duration `group:"Tokens and sessions" default:"10s" help:"How long the previous refresh token still gets the same successor. 0 to 60s; raise it to cover a database failover."`
	QueryRefresh      string        `group:"Tokens and sessions" computed:"on in development, off in production" placeholder:"on|off" help:"Take ?refresh_token= at /auth/refresh, as older clients send it."`
	Registration      string        `group:"Accounts" default:"open" placeholder:"open|closed" help:"Whether anyone may make an account."`
	EmailVerification string        `group:"Accounts" default:"optional" placeholder:"optional|required" help:"required: no login before the address is verified."`
	BcryptCost        int           `group:"Accounts" default:"12" placeholder:"N" help:"The cost of a password hash; each step doubles it. 10 to 16; from 4 in development, for tests."`
	PasswordMinLength int           `group:"Accounts" default:"12" placeholder:"N" help:"The shortest password that may be chosen, in characters. 8 to 64."`

	AuditRetention time.Duration `group:"Accounts" default:"2160h" help:"How long the audit store keeps an event. From 1h."`

	Docs           string         `group:"HTTP" default:"on" placeholder:"on|off" help:"Serve /docs, where people try the API out."`
	TrustedProxies []netip.Prefix `group:"HTTP" sep:"," placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed. Without it the peer is the client."`

	CORSSettings
	TLSSettings

	MailSettings
	LimitSettings

	named *Secrets // once they were read
	made  string   // the file of a secret that this process made
}

const (
	development = "development"
	production  = "production"
	on          = "on"
	off         = "off"
)

func (c *Configuration) production() bool { return c.Env == production }

// queryRefresh says whether the query parameter works: the default depends on
// the environment.
func (c *Configuration) queryRefresh() bool {
	if c.QueryRefresh == "" {
		return !c.production()
	}
	return c.QueryRefresh == on
}

// scheme returns what of a database's URL picks the storage adapter.
func scheme(url domain.Secret) string {
	scheme, _, _ := strings.Cut(url.Reveal(), ":")
	return scheme
}

// lifetimes returns how long sessions and tokens live.
func (c *Configuration) lifetimes() domain.Lifetimes {
	return domain.Lifetimes{Access: c.AccessTokenTTL, Idle: c.RefreshTokenTTL, Absolute: c.SessionTTL}
}
