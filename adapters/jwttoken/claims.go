package jwttoken

import (
	"errors"
	"slices"
	"time"

	"github.com/sallyport-auth/sallyport/domain"
)

const (
	accessKind  = "access" // the type claim, which is not of RFC 9068
	refreshKind = "refresh"

	// leeway is how far replicas' clocks may be apart: it counts for iat and
	// nbf, never for exp.
	leeway = 30 * time.Second

	maxNumericDate = 253402300799 // the last second of the year 9999
	maxNumber      = 1<<53 - 1    // what every JSON reader reads exactly (RFC 8259 §6)
)

// claimSet is the members of a payload that count. Others are of a newer
// release, and ignored (RFC 7519 §4), but for being there twice.
type claimSet struct {
	issuer, audience, kind, id    string
	subject, session, client      string
	scope                         string
	roles                         []domain.RoleName
	version, generation           int64
	issuedAt, notBefore, expireAt int64
	names                         []string // of all members that were there
}

// required is what a token of each kind must say: a zero that is not there is
// no zero.
var required = map[string][]string{
	accessKind:  {"iss", "sub", "aud", "exp", "iat", "jti", "roles", "type", "ver"},
	refreshKind: {"iss", "sub", "aud", "exp", "iat", "jti", "sid", "gen", "type"},
}

// errIncomplete says that claims can't be signed, because the token would not verify.
var errIncomplete = errors.New("claims are out of range, or do not belong together")

// readClaims reads a payload whose signature has been verified.
func readClaims(text []byte) (*claimSet, error) {
	c := &claimSet{names: make([]string, 0, 16)}
	broken := badClaims
	err := members(text, func(name string, value []byte) error {
		if slices.Contains(c.names, name) {
			return errNoObject
		}
		c.names = append(c.names, name)
		err := c.read(name, value)
		if err != nil {
			broken = badClaim
		}
		return err
	})
	if err != nil {
		return nil, broken
	}
	return c, nil
}

func (c *claimSet) read(name string, value []byte) (err error) {
	switch name {
	case "iss":
		c.issuer, err = stringValue(value)
	case "sub":
		c.subject, err = stringValue(value)
	case "aud":
		c.audience, err = stringValue(value) // an array is none of ours: one token, one audience
	case "jti":
		c.id, err = stringValue(value)
	case "sid":
		c.session, err = stringValue(value)
	case "client_id":
		c.client, err = stringValue(value)
	case "scope":
		c.scope, err = stringValue(value)
	case "type":
		c.kind, err = stringValue(value)
	case "roles":
		c.roles, err = stringValues[domain.RoleName](value)
	case "exp":
		c.expireAt, err = integerValue(value, maxNumericDate)
	case "iat":
		c.issuedAt, err = integerValue(value, maxNumericDate)
	case "nbf":
		c.notBefore, err = integerValue(value, maxNumericDate)
	case "ver":
		c.version, err = integerValue(value, maxNumber)
	case "gen":
		c.generation, err = integerValue(value, maxNumber)
	}
	return err
}

// check checks what is the same for both kinds of tokens (RFC 7519 §4.1), but
// for the expiry: an expired token is one with which nothing else is wrong.
func (c *claimSet) check(kind, issuer, audience string, now time.Time) error {
	for _, name := range required[kind] {
		if !slices.Contains(c.names, name) {
			return badClaim
		}
	}
	switch {
	case c.issuer != issuer:
		return badIssuer
	case c.audience != audience:
		return badAudience
	case c.kind != kind:
		return badKind
	case second(c.issuedAt).After(now.Add(leeway)):
		return fromFuture
	case second(c.notBefore).After(now.Add(leeway)):
		return notYet
	}
	return nil
}

func (c *claimSet) access() (*domain.AccessClaims, error) {
	claims := &domain.AccessClaims{
		ID: c.id, Subject: c.subject, Session: domain.SessionID(c.session), ClientID: c.client,
		Roles: c.roles, Scope: domain.ScopePermissions(c.scope), Version: c.version,
		IssuedAt: second(c.issuedAt), ExpiresAt: second(c.expireAt),
	}
	if !coherent(claims) {
		return nil, badSubject
	}
	return claims, nil
}

func (c *claimSet) refresh() (domain.RefreshClaims, error) {
	claims := domain.RefreshClaims{
		Session: domain.SessionID(c.session), Subject: domain.UserID(c.subject), Generation: c.generation,
		IssuedAt: second(c.issuedAt), ExpiresAt: second(c.expireAt),
	}
	if !canonical(c.subject) || !canonical(c.session) || c.id != claims.ID() {
		return domain.RefreshClaims{}, badSubject
	}
	return claims, nil
}

// coherent reports whether the claims are of a user's session, or of a service
// that is its own client.
func coherent(c *domain.AccessClaims) bool {
	if c.ID == "" || !canonical(c.Subject) {
		return false
	}
	if c.Session == "" {
		return c.ClientID == c.Subject
	}
	return canonical(string(c.Session))
}

func canonical(id string) bool {
	_, err := domain.ParseID[string](id)
	return err == nil
}

// encodeAccess writes an access token's payload.
func (t *Tokens) encodeAccess(c *domain.AccessClaims) ([]byte, error) {
	if !coherent(c) || !inRange(c.Version, maxNumber) || !inRange(c.IssuedAt.Unix(), maxNumericDate) || !inRange(c.ExpiresAt.Unix(), maxNumericDate) {
		return nil, errIncomplete
	}
	o := object{text: make([]byte, 0, 512)}
	o.string("iss", t.issuer)
	o.string("sub", c.Subject)
	o.string("aud", t.audience)
	o.integer("exp", c.ExpiresAt.Unix())
	o.integer("iat", c.IssuedAt.Unix())
	o.string("jti", c.ID)
	if c.Session != "" {
		o.string("sid", string(c.Session))
	}
	if c.ClientID != "" {
		o.string("client_id", c.ClientID)
	}
	if len(c.Scope) > 0 {
		o.string("scope", c.Scope.Scope())
	}
	o.name("roles")
	o.text = appendStrings(o.text, c.Roles)
	o.string("type", accessKind)
	o.integer("ver", c.Version)
	return o.end(), nil
}

// encodeRefresh writes a refresh token's payload, from the claims alone.
func (t *Tokens) encodeRefresh(c domain.RefreshClaims) ([]byte, error) {
	if !canonical(string(c.Subject)) || !canonical(string(c.Session)) || !inRange(c.Generation, maxNumber) ||
		!inRange(c.IssuedAt.Unix(), maxNumericDate) || !inRange(c.ExpiresAt.Unix(), maxNumericDate) {
		return nil, errIncomplete
	}
	o := object{text: make([]byte, 0, 384)}
	o.string("iss", t.issuer)
	o.string("sub", string(c.Subject))
	o.string("aud", t.issuer)
	o.integer("exp", c.ExpiresAt.Unix())
	o.integer("iat", c.IssuedAt.Unix())
	o.string("jti", c.ID())
	o.string("sid", string(c.Session))
	o.integer("gen", c.Generation)
	o.string("type", refreshKind)
	return o.end(), nil
}

func inRange(n, most int64) bool { return n >= 0 && n <= most }

func second(unix int64) time.Time { return time.Unix(unix, 0).UTC() }
