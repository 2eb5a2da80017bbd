package bootstrap

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

// ConfigurationError says that a setting is wrong, which one, and what mends
// it; never what its value is. Exit code 2.
type ConfigurationError struct {
	Setting string // SALLYPORT_…
	Mend    string
}

func (e *ConfigurationError) Error() string { return e.Setting + ": " + e.Mend }

// A rule is what one setting must hold.
type rule struct {
	setting string // without SALLYPORT_
	holds   bool
	mend    string
}

// validate returns the first broken rule as a *ConfigurationError.
func (c *Configuration) validate() error {
	rules := c.rules()
	if c.production() {
		rules = append(rules, c.productionRules()...)
	}
	for _, r := range rules {
		if !r.holds {
			return &ConfigurationError{prefix + r.setting, r.mend}
		}
	}
	return nil
}

// rules hold everywhere.
func (c *Configuration) rules() []rule {
	const onOff = "must be on or off"
	leastCost := 4
	if c.production() {
		leastCost = 10
	}
	_, limitRules := c.limits()
	return append([]rule{
		{"ENV", oneOf(c.Env, development, production), "must be development or production"},
		{"ADDR", isHostPort(c.Addr), "must be HOST:PORT, such as 127.0.0.1:8080, or :8080 for every address"},
		{"OPS_ADDR", c.OpsAddr == "" || isHostPort(c.OpsAddr), "must be HOST:PORT, such as 127.0.0.1:9090, or empty for none"},
		{"OPS_ADDR", c.OpsAddr != c.Addr || portOf(c.Addr) == "0", "must be another address than SALLYPORT_ADDR: what it tells is not for everyone"},
		{"LOG_LEVEL", oneOf(c.LogLevel, "debug", "info", "warn", "error"), "must be debug, info, warn or error"},
		{"LOG_FORMAT", oneOf(c.LogFormat, "json", "console"), "must be json or console"},
		{"DATABASE_URL", hasScheme(c.DatabaseURL), "must begin with a scheme, such as sqlite:sallyport.db or postgres://sallyport@localhost/sallyport"},
		{"DATABASE_DIRECT_URL", c.DatabaseDirectURL.IsZero() || scheme(c.DatabaseDirectURL) == scheme(c.DatabaseURL), "must have the scheme of SALLYPORT_DATABASE_URL: both lead to the same database"},
		{"DATABASE_MAX_CONNS", within(c.DatabaseMaxConns, 2, 1000), "must be 2 to 1000"},
		{"SECRET_FILE", c.SecretFile == "" || c.Secret.IsZero(), "must not be set together with SALLYPORT_SECRET: one of them would count for nothing"},
		{"ISSUER", isIssuer(c.Issuer), "must be the http or https address of this service, without query and fragment, such as https://auth.example.com"},
		{"AUDIENCE", c.Audience != "", "must not be empty, or tokens would be good anywhere"},
		{"SIGNING_ALG", oneOf(c.SigningAlg, "ES256", "EdDSA", "RS256", "HS256"), "must be ES256, EdDSA, RS256 or HS256"},
		{"KEY_MAX_AGE", c.KeyMaxAge == 0 || c.KeyMaxAge >= time.Second, "must be at least 1s, or 0 for no rotation by age"},
		{"ACCESS_TOKEN_TTL", within(c.AccessTokenTTL, time.Minute, maxAccessTokenTTL), "must be 1m to 1h"},
		{"REFRESH_TOKEN_TTL", c.RefreshTokenTTL >= time.Second, "must be at least 1s"},
		{"SESSION_TTL", c.SessionTTL >= time.Second, "must be at least 1s: every session ends"},
		{"REFRESH_ROTATION", oneOf(c.RefreshRotation, on, off), onOff},
		{"REFRESH_GRACE", within(c.RefreshGrace, 0, time.Minute), "must be 0 to 60s"},
		{"QUERY_REFRESH", oneOf(c.QueryRefresh, "", on, off), onOff},
		{"REGISTRATION", oneOf(c.Registration, "open", "closed"), "must be open or closed"},
		{"EMAIL_VERIFICATION", oneOf(c.EmailVerification, "optional", "required"), "must be optional or required"},
		{"BCRYPT_COST", within(c.BcryptCost, leastCost, 16), "must be " + strconv.Itoa(leastCost) + " to 16"},
		{"PASSWORD_MIN_LENGTH", within(c.PasswordMinLength, 8, 64), "must be 8 to 64"},
		{"AUDIT_RETENTION", c.AuditRetention >= time.Hour, "must be at least 1h"},
		{"DOCS", oneOf(c.Docs, on, off), onOff},
		{"STATE_CACHE", oneOf(c.StateCache, on, off), onOff},
	}, slices.Concat(c.corsRules(), c.tlsRules(), c.mailRules(), limitRules)...)
}

const inTheClear = "must say sslmode=require or stricter in production, unless the host is this machine: hashes would travel in the clear"

// productionRules are what production refuses to start on.
func (c *Configuration) productionRules() []rule {
	return append([]rule{
		{"ISSUER", strings.HasPrefix(strings.ToLower(c.Issuer), "https://"), "must be https in production, or tokens travel in the clear"},
		{"REFRESH_TOKEN_TTL", c.RefreshTokenTTL >= c.AccessTokenTTL, "must be at least SALLYPORT_ACCESS_TOKEN_TTL in production"},
		{"SESSION_TTL", c.SessionTTL >= c.AccessTokenTTL, "must be at least SALLYPORT_ACCESS_TOKEN_TTL in production"},
		{"TRUSTED_PROXIES", !slices.ContainsFunc(c.TrustedProxies, isEverybody), "must not be everybody (0.0.0.0/0, ::/0) in production: name the proxies' own networks"},
		{"RATE_LIMIT_URL", scheme(c.RateLimitURL) != noLimits, "must not be off: in production: passwords could be guessed without end"},
		{"DATABASE_URL", isEncrypted(c.DatabaseURL), inTheClear},
		{"DATABASE_DIRECT_URL", isEncrypted(c.DatabaseDirectURL), inTheClear},
	}, append(c.productionMailRules(), c.productionCORSRules()...)...)
}

func oneOf(value string, allowed ...string) bool { return slices.Contains(allowed, value) }

func within[T int | time.Duration](value, least, most T) bool { return least <= value && value <= most }

func isHostPort(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsAny(host, " /") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

// hasScheme reports whether a URL begins with a scheme in lower case (RFC 3986 §3.1).
func hasScheme(url domain.Secret) bool {
	scheme, _, ok := strings.Cut(url.Reveal(), ":")
	if !ok || scheme == "" || scheme[0] < 'a' || scheme[0] > 'z' {
		return false
	}
	return strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// isIssuer reports whether s can be an issuer (RFC 8414 §2), http included, which development may have.
func isIssuer(s string) bool {
	u, err := url.Parse(s)
	return err == nil && oneOf(u.Scheme, "http", "https") && u.Host != "" && u.User == nil && !strings.ContainsAny(s, "?#")
}

// isEverybody also knows 0.0.0.0/0 in its IPv6 form, ::ffff:0.0.0.0/96.
func isEverybody(p netip.Prefix) bool { return p.Bits() == 0 || p.Addr().Is4In6() && p.Bits() <= 96 }

// isEncrypted reports whether a PostgreSQL URL asks for TLS, or for nothing
// that leaves this machine. Without an sslmode TLS is only preferred. What the
// URL leaves open the driver takes from libpq's environment, or from a service
// file, which may name any host.
func isEncrypted(databaseURL domain.Secret) bool {
	u, err := url.Parse(databaseURL.Reveal())
	if err != nil || !oneOf(u.Scheme, "postgres", "postgresql") {
		return true // another adapter's, or one that the adapter itself refuses
	}
	query := u.Query()
	if oneOf(cmp.Or(query.Get("sslmode"), os.Getenv("PGSSLMODE")), "require", "verify-ca", "verify-full") {
		return true
	}
	hosts := cmp.Or(query.Get("host"), u.Host, os.Getenv("PGHOST"))
	if hosts == "" && cmp.Or(query.Get("service"), os.Getenv("PGSERVICE")) != "" {
		return false
	}
	addresses := cmp.Or(query.Get("hostaddr"), os.Getenv("PGHOSTADDR"))
	for host := range strings.SplitSeq(hosts+","+addresses, ",") {
		if !isLoopback(host) {
			return false
		}
	}
	return true
}

// isLoopback reports whether host, with or without a port, is this machine: a
// loopback address, localhost, a Unix socket's folder, or nothing.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if host == "" || host == "localhost" || strings.HasPrefix(host, "/") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
